import { createContext } from './context.js';
import type { LoadContext } from './context.js';
import { decoding } from './decode-error.js';
import { OnnxError } from './errors.js';
import { allNodes, checkCalls } from './graph/calls.js';
import { convertFunction, convertOpsets } from './graph/function.js';
import { convertGraph, refuseFreeValues } from './graph/graph.js';
import type { ByteSource, Model, Node } from './model.js';
import { beginsAsOnnx, recognizeOther } from './recognize.js';
import { decodeModel } from './schema/decode.js';
import type { ModelMessage } from './schema/messages.js';

export interface LoadOptions {
  /** How errors call the file; 'the model' without it. */
  readonly name?: string;
  /**
   * Gives the bytes of an external data file, by its location relative to the model (without './'). Called when such a tensor is read,
   * never with a location that is absolute or leads out of the model's folder.
   */
  readonly external?: (location: string) => ByteSource;
}

/**
 * Reads an ONNX model. Large tensors stay where they are: their `bytes` are views of the given ones, which must not be
 * changed afterwards.
 *
 * @throws {OnnxError} where the bytes are not an ONNX model, or contradict themselves.
 */
export function loadOnnx(bytes: Uint8Array, options: LoadOptions = {}): Model {
  const name = options.name ?? 'the model';
  const message = decode(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength), name);
  return convertModel(createContext(name, options.external), message);
}

function decode(bytes: Uint8Array, name: string): ModelMessage {
  const other = recognizeOther(bytes);
  if (other !== undefined) throw new OnnxError(`${name} is not an ONNX file: it is ${other}.`);
  const subject = beginsAsOnnx(bytes) ? 'is truncated or damaged' : 'is not an ONNX file, or is damaged';
  const message = decoding(name, subject, () => decodeModel(bytes));
  if (!message.graph) throw new OnnxError(`${name} is not an ONNX file: it holds no graph.`);
  return message;
}

function convertModel(context: LoadContext, message: ModelMessage): Model {
  const opsetImports = convertOpsets(message.opsetImport ?? []);
  const { graph, free } = convertGraph(context, message.graph ?? {});
  refuseFreeValues(context, free);
  const functions = (message.functions ?? []).map((definition) => convertFunction(context, definition, opsetImports));
  checkNodes(context, `graph '${graph.name}'`, graph.nodes, opsetImports);
  refuseReferences(context, graph.nodes);
  for (const { name, nodes, opsetImports: opsets } of functions) {
    checkNodes(context, `function '${name}'`, nodes, opsets);
  }
  checkCalls(context, graph, functions);
  return Object.freeze({
    irVersion: Number(message.irVersion ?? 0),
    producerName: message.producerName ?? '',
    producerVersion: message.producerVersion ?? '',
    opsetImports,
    metadata: new Map((message.metadataProps ?? []).map(({ key, value }) => [key ?? '', value ?? ''])),
    graph,
    functions,
  });
}

/** The default operator set must be imported where it is used; which versions of an operator can run is not asked here. */
function checkNodes(
  context: LoadContext,
  owner: string,
  nodes: readonly Node[],
  opsets: ReadonlyMap<string, number>,
): void {
  const version = opsets.get('');
  for (const node of allNodes(nodes)) {
    if (node.domain !== '' || (version !== undefined && version >= 1)) continue;
    const found = version === undefined ? 'imports no ONNX operator set' : `imports ONNX's operator set ${version}`;
    throw context.error(`${owner} ${found}, but its node '${node.name}' is a ${node.opType} and needs one`);
  }
}

/** Only a function's nodes can take attributes from a caller. */
function refuseReferences(context: LoadContext, nodes: readonly Node[]): void {
  for (const node of allNodes(nodes)) {
    for (const [name, attribute] of node.attributes) {
      if (attribute.type !== 'reference') continue;
      throw context.error(
        `attribute '${name}' of node '${node.name}' refers to '${attribute.attribute}' of a calling node, but is in no function`,
      );
    }
  }
}
