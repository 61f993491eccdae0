import type { DataType, TensorData } from '@tessera/onnx-loader';

/** The elements a tensor's type calls for; strings are not to be changed in place. */
export type TensorArray = Exclude<TensorData, string[]> | readonly string[];

/**
 * A tensor in host memory, row-major. float16 and bfloat16 hold their bits in a Uint16Array, bool and the 8-bit floats
 * in a Uint8Array, the 4- and 2-bit types one element a byte (Int8Array or Uint8Array).
 */
export interface Tensor {
  readonly dataType: DataType;
  readonly dims: readonly number[];
  readonly data: TensorArray;
}
