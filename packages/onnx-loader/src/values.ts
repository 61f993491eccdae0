import { createContext } from './context.js';
import type { LoadContext } from './context.js';
import { decoding } from './decode-error.js';
import type { Tensor, ValueType } from './model.js';
import { decodeTensor } from './schema/decode.js';
import { visitFields } from './schema/reader.js';
import { convertTensor } from './tensor/tensor.js';

/** A stored value: a tensor, a sequence's elements, or null for an optional that holds nothing. */
export type StoredValue = Tensor | readonly StoredValue[] | null;

/** Field numbers of SequenceProto and OptionalProto, which agree. */
const field = { tensor: 3, sequence: 5, optional: 7 } as const;

/**
 * Reads a lone value, as ONNX's conformance suite stores them (`input_0.pb`): a serialized TensorProto, SequenceProto or
 * OptionalProto, which of them only the graph's input or output type says.
 *
 * @throws {OnnxError} where the bytes are not such a message, or are a map or sparse tensor.
 */
export function loadValue(bytes: Uint8Array, type: ValueType, options: { readonly name?: string } = {}): StoredValue {
  const name = options.name ?? 'the value';
  const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return decoding(name, 'is truncated or damaged', () => convert(createContext(name), plain, type));
}

function convert(context: LoadContext, bytes: Uint8Array, type: ValueType): StoredValue {
  switch (type.kind) {
    case 'tensor':
      return convertTensor(context, decodeTensor(bytes));
    case 'sequence':
      return elements(context, bytes, type.element);
    case 'optional':
      return elements(context, bytes, type.element).at(0) ?? null;
    default:
      throw context.error(`values of kind ${type.kind} are not supported`);
  }
}

function elements(context: LoadContext, bytes: Uint8Array, type: ValueType): StoredValue[] {
  const found: StoredValue[] = [];
  const add = (content: Uint8Array) => void found.push(convert(context, content, type));
  const kind = type.kind;
  if (kind !== 'tensor' && kind !== 'sequence' && kind !== 'optional') {
    throw context.error(`values of kind ${kind} are not supported`);
  }
  visitFields(bytes, { [field[kind]]: add });
  return found;
}
