import type { DataType } from '@tessera/onnx-loader';

export type TensorArray =
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
  | readonly string[];

/**
 * A tensor in host memory, row-major. float16 and bfloat16 hold their bits in a Uint16Array, bool and the 8-bit floats
 * in a Uint8Array, the 4- and 2-bit types one element a byte (Int8Array or Uint8Array).
 */
export interface Tensor {
  readonly dataType: DataType;
  readonly dims: readonly number[];
  readonly data: TensorArray;
}
