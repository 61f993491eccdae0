import type { Constant, Subgraphs, TypedGraph, TypedNode } from '../graph.js';
import { toNumbers } from '../operators/numbers.js';
import { hostTensor } from './constants.js';

/** Puts the branch taken in the place of every If whose condition is constant. The same graph where there is none. */
export function inlineIf(graph: TypedGraph): TypedGraph {
  const constants = new Map(graph.constants);
  let isChanged = false;
  const nodes = graph.nodes.flatMap((node) => {
    const condition = graph.constants.get(node.inputs[0]);
    if (node.opType !== 'If' || !node.subgraphs || !condition) return [node];
    isChanged = true;
    return branchNodes(node, node.subgraphs, condition, constants);
  });
  return isChanged ? { ...graph, nodes, constants } : graph;
}

function branchNodes(
  node: TypedNode,
  subgraphs: Subgraphs,
  condition: Constant,
  constants: Map<string, Constant>,
): readonly TypedNode[] {
  const [isTrue] = toNumbers(hostTensor(condition));
  const branch = subgraphs.graphs.get(isTrue ? 'then_branch' : 'else_branch')!;
  const actual = new Map(subgraphs.captured.map((name, i) => [name, node.inputs[subgraphs.formalInputs + i]]));
  const resolve = (name: string) => actual.get(name) ?? name;
  for (const [name, constant] of branch.constants) constants.set(name, constant);
  const inner = branch.nodes.map((each) => ({ ...each, inputs: each.inputs.map(resolve) }));
  const outputs = node.outputs.flatMap((name, i): readonly TypedNode[] => {
    if (name === '') return [];
    const source = resolve(branch.outputs[i]);
    const identity = { name: `${node.name}/output${i}`, opType: 'Identity', domain: '', opset: node.opset };
    return [{ ...identity, inputs: [source], outputs: [name], attributes: new Map(), origins: [node.name] }];
  });
  return [...inner, ...outputs];
}
