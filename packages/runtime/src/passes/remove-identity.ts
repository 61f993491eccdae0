import type { TypedGraph, TypedNode } from '../graph.js';

/** True for a node whose first output is its first input: Identity, Dropout in inference, Cast to the same type. */
function passesThrough(node: TypedNode, graph: TypedGraph): boolean {
  const used = node.outputs.filter((name) => name !== '');
  if (node.domain !== '') return false;
  switch (node.opType) {
    case 'Identity':
      return true;
    case 'Dropout':
      return used.length === 1 && !trainingMode(node, graph);
    case 'Cast': {
      const from = graph.types.get(node.inputs[0]);
      const to = graph.types.get(node.outputs[0]);
      return from !== undefined && from.dataType === to?.dataType;
    }
    default:
      return false;
  }
}

function trainingMode(node: TypedNode, graph: TypedGraph): boolean {
  const flag = node.inputs[2] ?? '';
  if (flag === '') return false;
  const constant = graph.constants.get(flag);
  return constant?.kind !== 'host' || Number(constant.tensor.data[0]) !== 0;
}

/** Removes nodes that only pass a value on. One that makes an output of the graph from an input or another output stays. */
export function removeIdentity(graph: TypedGraph): TypedGraph {
  const alias = new Map<string, string>();
  const resolve = (name: string) => alias.get(name) ?? name;
  const outputs = new Set(graph.outputs);
  const nodes: TypedNode[] = [];
  for (const node of graph.nodes) {
    const inputs = node.inputs.map(resolve);
    if (passesThrough(node, graph) && !outputs.has(node.outputs[0])) alias.set(node.outputs[0], inputs[0]);
    else nodes.push({ ...node, inputs });
  }
  return { ...graph, nodes };
}
