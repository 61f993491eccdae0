import { createContext } from './context.js';
import type { LoadContext } from './context.js';
import { OnnxError } from './errors.js';
import { allNodes, checkCalls } from './graph/calls.js';
import { convertFunction, convertOpsets } from './graph/function.js';
import { convertGraph, refuseFreeValues } from './graph/graph.js';
import type { ByteSource, Graph, Model } from './model.js';
import { recognizeOther } from './recognize.js';
import { decodeModel } from './schema/decode.js';
import type { ModelMessage } from './schema/messages.js';

/** The oldest version of the default operator set that is read. */
const OLDEST_OPSET = 7;

export interface LoadOptions {
  /** How errors call the file; 'the model' without it. */
  readonly name?: string;
  /**
   * Gives the bytes of an external data file, by its location relative to the model. Called when such a tensor is read,
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
  let message: ModelMessage;
  try {
    message = decodeModel(bytes);
  } catch (error) {
    if (error instanceof OnnxError) throw new OnnxError(`${name}: ${error.message}`);
    const reason = error instanceof Error ? error.message : String(error);
    throw new OnnxError(`${name} is truncated or damaged: ${reason}.`, { cause: error });
  }
  if (!message.graph) throw new OnnxError(`${name} is not an ONNX file: it holds no graph.`);
  return message;
}

function convertModel(context: LoadContext, message: ModelMessage): Model {
  const opsetImports = convertOpsets(message.opsetImport ?? []);
  const { graph, free } = convertGraph(context, message.graph ?? {});
  refuseFreeValues(context, `graph '${graph.name}'`, free);
  const functions = (message.functions ?? []).map((definition) => convertFunction(context, definition, opsetImports));
  checkOpsets(context, `graph '${graph.name}'`, graph, opsetImports);
  for (const definition of functions) {
    checkOpsets(context, `function '${definition.name}'`, definition, definition.opsetImports);
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

/** The default operator set must be imported where it is used, in a version that is read. */
function checkOpsets(
  context: LoadContext,
  owner: string,
  body: Pick<Graph, 'nodes'>,
  opsets: ReadonlyMap<string, number>,
): void {
  const version = opsets.get('');
  if (version !== undefined && version >= OLDEST_OPSET) return;
  const found = version === undefined ? 'imports no ONNX operator set' : `is of opset ${version}`;
  for (const node of allNodes(body.nodes)) {
    if (node.domain !== '') continue;
    throw context.error(`${owner} ${found} but uses ${node.opType}: opset ${OLDEST_OPSET} or later is needed`);
  }
}
