import type { DataType, Tensor } from '../model.js';
import { bitsPerElement, elementCount } from './data-type.js';

/**
 * Elements as they are stored: float16, bfloat16 as their bits in a Uint16Array, float8 and float4 as theirs in a
 * Uint8Array, complex as (real, imaginary) pairs, bool as 0 and 1, 4- and 2-bit types one to an array element.
 */
export type TensorData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array
  | string[];

type NumericData = Exclude<TensorData, string[]>;

interface ArrayConstructor {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): NumericData;
}

const arrays: Readonly<Record<Exclude<DataType, 'string'>, ArrayConstructor>> = {
  float32: Float32Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  float64: Float64Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
  complex64: Float32Array,
  complex128: Float64Array,
  float8e4m3fn: Uint8Array,
  float8e4m3fnuz: Uint8Array,
  float8e5m2: Uint8Array,
  float8e5m2fnuz: Uint8Array,
  float8e8m0: Uint8Array,
  int4: Int8Array,
  uint4: Uint8Array,
  float4e2m1: Uint8Array,
  int2: Int8Array,
  uint2: Uint8Array,
};

/**
 * All elements of a tensor. The array may be a view of the model's bytes: callers must not write to it.
 *
 * @throws {OnnxError} where the elements are in an external file that is missing or too short.
 */
export function readTensor(tensor: Tensor): TensorData {
  if (tensor.dataType === 'string') return [...(tensor.strings ?? [])];
  const bytes = tensor.bytes.read(0, tensor.bytes.byteLength);
  const bits = bitsPerElement(tensor.dataType);
  if (bits < 8) return unpack(bytes, bits, elementCount(tensor.dims), tensor.dataType.startsWith('int'));
  const ArrayType = arrays[tensor.dataType];
  const size = ArrayType.BYTES_PER_ELEMENT;
  const aligned = bytes.byteOffset % size === 0 ? bytes : new Uint8Array(bytes);
  return new ArrayType(aligned.buffer, aligned.byteOffset, aligned.byteLength / size);
}

/** Elements of `bits` bits, low ones of a byte first, to one element each; signed ones extend their sign. */
function unpack(bytes: Uint8Array, bits: number, count: number, signed: boolean): Int8Array | Uint8Array {
  const result = signed ? new Int8Array(count) : new Uint8Array(count);
  const perByte = 8 / bits;
  const mask = (1 << bits) - 1;
  const unused = 32 - bits;
  for (let i = 0; i < count; i++) {
    const value = (bytes[Math.floor(i / perByte)] >> ((i % perByte) * bits)) & mask;
    result[i] = signed ? (value << unused) >> unused : value;
  }
  return result;
}
