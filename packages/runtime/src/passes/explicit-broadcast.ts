import type { TypedGraph, TypedNode } from '../graph.js';
import { firstNumpyOpset, isEarlyBroadcast, trailingDimensions } from '../operators/early-broadcast.js';
import { nodeContext } from './node-context.js';

/**
 * Nodes whose attributes state the broadcasting (operator sets before 7) become those of set 7, their second input
 * unsqueezed where it does not belong to the last dimensions. Needs types; a node whose ranks are not known stays.
 */
export function explicitBroadcast(graph: TypedGraph): TypedGraph {
  const types = new Map(graph.types);
  const nodes = graph.nodes.flatMap((node): readonly TypedNode[] => {
    if (!isEarlyBroadcast(node.domain, node.opType, node.opset)) return [node];
    const [a, b] = node.inputs.map((name) => types.get(name));
    if (!a?.shape || !b?.shape) return [node];
    const rank = b.shape.length;
    const missing = trailingDimensions(nodeContext(node), a.shape.length, b.shape);
    const modern = { ...node, opset: firstNumpyOpset, attributes: new Map() };
    if (missing === 0) return [modern];
    const name = `${node.name}/unsqueezed`;
    const axes = Array.from({ length: missing }, (_, i) => rank + i);
    types.set(name, { ...b, shape: [...b.shape, ...axes.map(() => 1)] });
    const unsqueeze: TypedNode = {
      ...modern,
      name,
      opType: 'Unsqueeze',
      inputs: [node.inputs[1]],
      outputs: [name],
      attributes: new Map([['axes', { type: 'ints', value: axes }]]),
    };
    return [unsqueeze, { ...modern, inputs: [node.inputs[0], name] }];
  });
  return { ...graph, nodes, types };
}
