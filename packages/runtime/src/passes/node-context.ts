import { TesseraError } from '../errors.js';
import type { TypedNode } from '../graph.js';
import { makeAttributes } from '../operators/helpers.js';
import type { NodeContext } from '../operators/types.js';

/** What every stage of an operator sees of its node. */
export function nodeContext(node: TypedNode): NodeContext {
  const fail = (message: string): never => {
    throw new TesseraError('INVALID_MODEL', `node "${node.name}" (${node.opType}): ${message}`, { node: node.name });
  };
  return {
    name: node.name,
    opType: node.opType,
    opset: node.opset,
    attributes: makeAttributes(node.name, node.opType, node.attributes),
    inputCount: node.inputs.length,
    outputCount: node.outputs.length,
    hasInput: (index) => (node.inputs[index] ?? '') !== '',
    hasOutput: (index) => (node.outputs[index] ?? '') !== '',
    fail,
  };
}
