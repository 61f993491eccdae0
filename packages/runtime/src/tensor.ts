import type { DataType, TensorData } from '@tessera/onnx-loader';
import { GpuTensor, type GpuTensorOptions } from './device/gpu-tensor.js';
import type { NativeBuffer } from './device/native.js';

/** The elements a tensor's type calls for; strings are not to be changed in place. */
export type TensorArray = Exclude<TensorData, string[]> | readonly string[];

/**
 * A tensor in host memory, row-major. float16 and bfloat16 hold their bits in a Uint16Array, bool and the 8-bit floats
 * in a Uint8Array, the 4- and 2-bit types one element a byte (Int8Array or Uint8Array).
 *
 * @example
 * const image: Tensor = { dataType: 'float32', dims: [1, 3, 224, 224], data: new Float32Array(3 * 224 * 224) };
 */
export interface Tensor {
  /** ONNX's element type, in lower case. */
  readonly dataType: DataType;
  /** Sizes, outermost first; a scalar has none. */
  readonly dims: readonly number[];
  /** Exactly as many elements as `dims` multiply to. */
  readonly data: TensorArray;
}

/** Makers of tensors. */
export const Tensor = {
  /**
   * A tensor whose elements lie in a GPU buffer of the caller's: row-major from byte 0 on, stored as `elementType` says.
   * The buffer stays the caller's, and needs the usage COPY_SRC as an input and COPY_DST as an output.
   *
   * @example
   * const image = Tensor.fromGpuBuffer(buffer, { device: session.device, dataType: 'float32', dims: [1, 3, 224, 224] });
   * const { scores } = await session.run({ image });
   *
   * @throws TesseraError INVALID_INPUT where the buffer is too small for `dims`.
   */
  fromGpuBuffer(buffer: NativeBuffer, options: GpuTensorOptions): GpuTensor {
    return GpuTensor.wrap(buffer, options);
  },
} as const;

/** What a model's input or output holds: a tensor, a sequence of tensors, or (null) an optional that holds nothing. */
export type Value = Tensor | readonly Tensor[] | null;

/** Whether a value is a sequence of tensors. */
export function isSequence(value: Value): value is readonly Tensor[] {
  return Array.isArray(value);
}

/** Whether a value is a tensor. */
export function isTensor(value: Value): value is Tensor {
  return value !== null && !Array.isArray(value);
}

/**
 * What a session takes for an input: a tensor, one on the GPU, or its elements alone where the model says their shape;
 * where the model takes one, a sequence of tensors, or null for an empty optional.
 */
export type Feed = Tensor | GpuTensor | TensorArray | readonly Tensor[] | null;

const arrayTypes = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int8: Int8Array,
  uint8: Uint8Array,
  bool: Uint8Array,
  int4: Int8Array,
  uint4: Uint8Array,
  int2: Int8Array,
  uint2: Uint8Array,
  float4e2m1: Uint8Array,
  float8e4m3fn: Uint8Array,
  float8e4m3fnuz: Uint8Array,
  float8e5m2: Uint8Array,
  float8e5m2fnuz: Uint8Array,
  float8e8m0: Uint8Array,
  complex64: Float32Array,
  complex128: Float64Array,
} as const satisfies Readonly<Record<Exclude<DataType, 'string'>, TensorArrayType>>;

/** Makes the typed array that holds a type's elements in host memory, by a length or over a buffer. */
export type TensorArrayType =
  | Float32ArrayConstructor
  | Float64ArrayConstructor
  | Int8ArrayConstructor
  | Uint8ArrayConstructor
  | Int16ArrayConstructor
  | Uint16ArrayConstructor
  | Int32ArrayConstructor
  | Uint32ArrayConstructor
  | BigInt64ArrayConstructor
  | BigUint64ArrayConstructor;

/** The typed array that holds a type's elements in host memory; undefined for strings, which an ordinary array holds. */
export function arrayTypeOf(dataType: DataType): TensorArrayType | undefined {
  return dataType === 'string' ? undefined : arrayTypes[dataType];
}
