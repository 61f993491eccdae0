import type { LoadContext } from '../context.js';
import type { FunctionDefinition, Graph, Node } from '../model.js';

/** A model whose functions, written out at every call, come to more nodes than this is refused. */
const MAX_EXPANDED_NODES = 1_000_000;

/** What a node names a function by. */
type Key = string;

function keyOf(item: { readonly domain: string; readonly overload: string }, name: string): Key {
  return JSON.stringify([item.domain, name, item.overload]);
}

/** How deep functions may call each other. */
const MAX_CALL_DEPTH = 128;

/** Nodes, and those of their subgraphs. */
export function* allNodes(nodes: readonly Node[]): Generator<Node> {
  for (const node of nodes) {
    yield node;
    for (const graph of subgraphs(node)) yield* allNodes(graph.nodes);
  }
}

function subgraphs(node: Node): readonly Graph[] {
  return [...node.attributes.values()].flatMap((attribute) => {
    if (attribute.type === 'graph') return [attribute.value];
    return attribute.type === 'graphs' ? attribute.value : [];
  });
}

/** Refuses functions defined twice, that call themselves, or that would multiply without measure when inlined. */
export function checkCalls(context: LoadContext, graph: Graph, functions: readonly FunctionDefinition[]): void {
  if (functions.length === 0) return;
  const byKey = new Map<Key, FunctionDefinition>();
  for (const definition of functions) {
    const key = keyOf(definition, definition.name);
    if (byKey.has(key)) throw context.error(`function '${definition.name}' is defined twice`);
    byKey.set(key, definition);
  }
  const sizes = new Map<Key, number>();
  const open = new Set<Key>();
  size(graph.nodes);
  for (const definition of functions) sizeOf(definition);

  function size(nodes: readonly Node[]): number {
    let total = 0;
    for (const node of allNodes(nodes)) {
      const callee = byKey.get(keyOf(node, node.opType));
      total += callee ? sizeOf(callee) : 1;
      if (total > MAX_EXPANDED_NODES) {
        throw context.error(`its functions would expand to more than ${MAX_EXPANDED_NODES} nodes`);
      }
    }
    return total;
  }

  function sizeOf(definition: FunctionDefinition): number {
    const key = keyOf(definition, definition.name);
    const known = sizes.get(key);
    if (known !== undefined) return known;
    if (open.has(key)) throw context.error(`function '${definition.name}' calls itself`);
    if (open.size === MAX_CALL_DEPTH) {
      throw context.error(`its functions call each other deeper than ${MAX_CALL_DEPTH} levels`);
    }
    open.add(key);
    const total = size(definition.nodes);
    open.delete(key);
    sizes.set(key, total);
    return total;
  }
}
