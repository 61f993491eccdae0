import type { TypedGraph, TypedNode } from '../graph.js';

/** Who makes and who uses each value. Outputs of the graph count as a use by no node. */
export interface Uses {
  readonly producer: ReadonlyMap<string, TypedNode>;
  readonly consumers: ReadonlyMap<string, readonly TypedNode[]>;
  /** The one node that uses a value, where the value has no other use and is no output of the graph. */
  onlyConsumer(value: string): TypedNode | undefined;
}

export function findUses(graph: TypedGraph): Uses {
  const producer = new Map<string, TypedNode>();
  const consumers = new Map<string, TypedNode[]>();
  for (const node of graph.nodes) {
    for (const output of node.outputs) if (output !== '') producer.set(output, node);
    for (const input of new Set(node.inputs)) {
      if (input === '') continue;
      const list = consumers.get(input);
      if (list) list.push(node);
      else consumers.set(input, [node]);
    }
  }
  const outputs = new Set(graph.outputs);
  const onlyConsumer = (value: string) => {
    const list = consumers.get(value) ?? [];
    return list.length === 1 && !outputs.has(value) ? list[0] : undefined;
  };
  return { producer, consumers, onlyConsumer };
}

/** The graph with some nodes left out (mapped to null) or replaced in place. */
export function replaceNodes(graph: TypedGraph, replacements: ReadonlyMap<TypedNode, TypedNode | null>): TypedGraph {
  const nodes = graph.nodes.flatMap((node) => {
    const replacement = replacements.get(node);
    if (replacement === undefined) return [node];
    return replacement === null ? [] : [replacement];
  });
  return { ...graph, nodes };
}
