import onnxProto from 'onnx-proto';
import protobuf from 'protobufjs/minimal.js';
import { field } from './messages.js';
import type {
  AttributeMessage,
  FunctionMessage,
  GraphMessage,
  ModelMessage,
  NodeMessage,
  OpsetMessage,
} from './messages.js';

const { AttributeProto, FunctionProto, GraphProto, ModelProto, NodeProto } = onnxProto.onnx;
type Encode<T> = (message: T, writer: protobuf.Writer) => void;

function nested<T>(writer: protobuf.Writer, number: number, items: readonly T[] | null | undefined, encode: Encode<T>) {
  for (const item of items ?? []) {
    writer.uint32((number << 3) | 2).fork();
    encode(item, writer);
    writer.ldelim();
  }
}

function text(writer: protobuf.Writer, number: number, value: string | null | undefined): void {
  if (value) writer.uint32((number << 3) | 2).string(value);
}

function encodeAttribute(attribute: AttributeMessage, writer: protobuf.Writer): void {
  AttributeProto.encode({ ...attribute, g: null, graphs: null }, writer);
  nested(writer, field.attribute.g, attribute.g ? [attribute.g] : [], encodeGraph);
  nested(writer, field.attribute.graphs, attribute.graphs, encodeGraph);
}

function encodeNode(node: NodeMessage, writer: protobuf.Writer): void {
  NodeProto.encode({ ...node, attribute: null }, writer);
  nested(writer, field.node.attribute, node.attribute, encodeAttribute);
  text(writer, field.node.overload, node.overload);
}

function encodeGraph(graph: GraphMessage, writer: protobuf.Writer): void {
  GraphProto.encode({ ...graph, node: null }, writer);
  nested(writer, field.graph.node, graph.node, encodeNode);
}

function encodeFunction(definition: FunctionMessage, writer: protobuf.Writer): void {
  FunctionProto.encode({ ...definition, node: null }, writer);
  nested(writer, field.function.node, definition.node, encodeNode);
  nested(writer, field.function.attributeProto, definition.attributeProto, encodeAttribute);
  text(writer, field.function.overload, definition.overload);
}

/** The bytes of an ONNX file; the inverse of `decodeModel`. */
export function encodeModel(model: ModelMessage): Uint8Array {
  const writer = protobuf.Writer.create();
  ModelProto.encode({ ...model, graph: null, functions: null }, writer);
  nested(writer, field.model.graph, model.graph ? [model.graph] : [], encodeGraph);
  nested(writer, field.model.functions, model.functions, encodeFunction);
  return writer.finish();
}

/** The type protobufjs gives to 64-bit fields, which it also takes from plain `{ low, high }`. */
type Int64Field = NonNullable<OpsetMessage['version']>;

/** A 64-bit integer field's value, exact beyond 2^53 too, in the form that protobufjs writes. */
export function int64(value: number | bigint): Int64Field {
  const bits = BigInt.asUintN(64, BigInt(value));
  return { low: Number(bits & 0xffffffffn), high: Number(bits >> 32n) } as unknown as Int64Field;
}
