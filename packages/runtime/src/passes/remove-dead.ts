import type { TypedGraph } from '../graph.js';

/** Drops nodes and constants that no output depends on. */
export function removeDead(graph: TypedGraph): TypedGraph {
  const needed = new Set<string>(graph.outputs);
  const nodes = [...graph.nodes]
    .reverse()
    .filter((node) => {
      const alive = node.outputs.some((name) => needed.has(name));
      if (alive) node.inputs.forEach((name) => needed.add(name));
      return alive;
    })
    .reverse();
  const constants = new Map([...graph.constants].filter(([name]) => needed.has(name)));
  return { ...graph, nodes, constants };
}
