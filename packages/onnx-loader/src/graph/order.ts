import type { LoadContext } from '../context.js';
import type { Node } from '../model.js';
import type { ScopedNode } from './nodes.js';

/**
 * The nodes in an order in which every value is made before it is used. Nodes already in such an order keep it; else
 * each is moved only as far forward as its users need.
 */
export function sortNodes(context: LoadContext, nodes: readonly ScopedNode[], owner: string): Node[] {
  const producer = new Map<string, number>();
  nodes.forEach(({ node }, index) => node.outputs.forEach((output) => output !== '' && producer.set(output, index)));
  const needs = nodes.map(({ uses }) => [...uses.keys()].map((value) => producer.get(value)).filter(isNumber));
  const sorted: Node[] = [];
  const state = new Array<'new' | 'open' | 'done'>(nodes.length).fill('new');
  for (let root = 0; root < nodes.length; root++) {
    if (state[root] === 'new') visit(root);
  }
  return sorted;

  // Depth first with a stack of its own: a chain of nodes may be longer than the call stack.
  function visit(root: number): void {
    const path = [{ index: root, next: 0 }];
    state[root] = 'open';
    while (path.length > 0) {
      const top = path[path.length - 1];
      if (top.next === needs[top.index].length) {
        state[top.index] = 'done';
        sorted.push(nodes[top.index].node);
        path.pop();
        continue;
      }
      const need = needs[top.index][top.next++];
      if (state[need] === 'open')
        throw cycle(
          path.map(({ index }) => index),
          need,
        );
      if (state[need] === 'new') {
        state[need] = 'open';
        path.push({ index: need, next: 0 });
      }
    }
  }

  function cycle(path: readonly number[], start: number) {
    const names = path.slice(path.indexOf(start)).map((index) => `'${nodes[index].node.name}'`);
    const shown = names.length > 8 ? [...names.slice(0, 8), `${names.length - 8} more`] : names;
    return context.error(`the nodes ${shown.reverse().join(', ')} of ${owner} need each other's outputs in a circle`);
  }
}

function isNumber(value: number | undefined): value is number {
  return value !== undefined;
}
