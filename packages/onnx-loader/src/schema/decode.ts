import onnxProto from 'onnx-proto';
import { field } from './messages.js';
import type { AttributeMessage, FunctionMessage, GraphMessage, ModelMessage, NodeMessage } from './messages.js';
import type { TensorMessage } from './messages.js';
import { createReader, visitFields } from './reader.js';

const { AttributeProto, ModelProto, TensorProto } = onnxProto.onnx;
const text = new TextDecoder('utf-8', { ignoreBOM: true });

function at<T>(items: readonly T[] | null | undefined, index: number): T {
  const item = items?.[index];
  if (item === undefined) throw new RangeError('the lengths of nested messages contradict each other');
  return item;
}

function extendAttribute(attribute: AttributeMessage, bytes: Uint8Array): void {
  let graph: Uint8Array | undefined;
  visitFields(bytes, {
    [field.attribute.g]: (content) => (graph = content),
    [field.attribute.graphs]: (content, i) => extendGraph(at(attribute.graphs, i), content),
  });
  if (graph !== undefined && attribute.g) extendGraph(attribute.g, graph);
}

function extendNode(node: NodeMessage, bytes: Uint8Array): void {
  visitFields(bytes, {
    [field.node.attribute]: (content, i) => extendAttribute(at(node.attribute, i), content),
    [field.node.overload]: (content) => (node.overload = text.decode(content)),
  });
}

function extendGraph(graph: GraphMessage, bytes: Uint8Array): void {
  visitFields(bytes, { [field.graph.node]: (content, i) => extendNode(at(graph.node, i), content) });
}

function extendFunction(definition: FunctionMessage, bytes: Uint8Array): void {
  const defaults: AttributeMessage[] = [];
  visitFields(bytes, {
    [field.function.node]: (content, i) => extendNode(at(definition.node, i), content),
    [field.function.overload]: (content) => (definition.overload = text.decode(content)),
    [field.function.attributeProto]: (content) => {
      const attribute: AttributeMessage = AttributeProto.decode(createReader(content));
      extendAttribute(attribute, content);
      defaults.push(attribute);
    },
  });
  definition.attributeProto = defaults;
}

/**
 * Decodes a ModelProto: onnx-proto reads what its schema knows, then the same bytes are walked once more for the fields
 * that are newer than it. Byte fields are views of `bytes`; 64-bit integers are numbers, or bigints beyond 2^53.
 *
 * @throws {Error} of any kind where the bytes are not such a message.
 */
export function decodeModel(bytes: Uint8Array): ModelMessage {
  const model: ModelMessage = ModelProto.decode(createReader(bytes));
  let graph: Uint8Array | undefined;
  visitFields(bytes, {
    [field.model.graph]: (content) => (graph = content),
    [field.model.functions]: (content, i) => extendFunction(at(model.functions, i), content),
  });
  if (graph !== undefined && model.graph) extendGraph(model.graph, graph);
  return model;
}

/** Decodes a lone TensorProto, as the test data of ONNX's conformance suite holds them. */
export function decodeTensor(bytes: Uint8Array): TensorMessage {
  return TensorProto.decode(createReader(bytes));
}
