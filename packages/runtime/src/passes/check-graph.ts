import { TesseraError } from '../errors.js';
import type { TypedGraph } from '../graph.js';

/** Verifies that every value is made once and before it is used; `pass` names who is to blame. */
export function checkGraph(graph: TypedGraph, pass: string): void {
  const fail = (message: string): never => {
    throw new TesseraError('INTERNAL', `after the pass ${pass}: ${message}`);
  };
  const known = new Set<string>([...graph.inputs, ...graph.constants.keys()]);
  for (const node of graph.nodes) {
    for (const input of node.inputs) {
      if (input !== '' && !known.has(input))
        fail(`node "${node.name}" (${node.opType}) uses "${input}", which nothing before it makes`);
    }
    for (const output of node.outputs) {
      if (output === '') continue;
      if (known.has(output)) fail(`node "${node.name}" (${node.opType}) makes "${output}" a second time`);
      known.add(output);
    }
  }
  for (const output of graph.outputs) if (!known.has(output)) fail(`output "${output}" is never made`);
}
