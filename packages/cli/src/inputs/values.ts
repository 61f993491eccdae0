import { getFloat16, setFloat16 } from '@petamoriken/float16';
import type { DataType } from '@tessera/onnx-loader';
import type { Tensor } from '@tessera/runtime';

/** Number of elements of a shape; 1 for a scalar. */
export function elementCount(dims: readonly number[]): number {
  return dims.reduce((count, size) => count * size, 1);
}

/** Such as `float32 1x3x224x224`, or `int64 scalar`. */
export function describeTensor(dataType: DataType, dims: readonly (number | string)[]): string {
  return `${dataType} ${shapeText(dims)}`;
}

/** Such as `1x3xHxW`; `scalar` without dimensions. */
export function shapeText(dims: readonly (number | string)[]): string {
  return dims.length === 0 ? 'scalar' : dims.join('x');
}

export function halfToFloat(bits: Uint16Array): Float32Array {
  const view = new DataView(bits.buffer, bits.byteOffset, bits.byteLength);
  return Float32Array.from(bits, (_, i) => getFloat16(view, i * 2, true));
}

/** Rounds to nearest, ties to even. */
export function floatToHalf(values: ArrayLike<number>): Uint16Array {
  const bits = new Uint16Array(values.length);
  const view = new DataView(bits.buffer);
  for (let i = 0; i < values.length; i++) setFloat16(view, i * 2, values[i], true);
  return bits;
}

export function bfloatToFloat(bits: Uint16Array): Float32Array {
  const words = Uint32Array.from(bits, (half) => half << 16);
  return new Float32Array(words.buffer);
}

/** Rounds to nearest, ties to even; a NaN stays one. */
export function floatToBfloat(values: ArrayLike<number>): Uint16Array {
  const words = new Uint32Array(Float32Array.from(values).buffer);
  return Uint16Array.from(words, (word, i) => {
    if (Number.isNaN(values[i])) return 0x7fc0;
    return (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
  });
}

/**
 * The elements as numbers (bigints for the 64-bit integers), decoded where the tensor holds bits. Undefined for types
 * that have no plain number: strings, complex numbers and the floats of 8 bits and fewer.
 */
export function numericValues(tensor: Tensor): ArrayLike<number> | ArrayLike<bigint> | undefined {
  const { dataType, data } = tensor;
  if (dataType === 'float16' && data instanceof Uint16Array) return halfToFloat(data);
  if (dataType === 'bfloat16' && data instanceof Uint16Array) return bfloatToFloat(data);
  if (/^(float8|float4|complex|string)/.test(dataType) || Array.isArray(data)) return undefined;
  return data as ArrayLike<number> | ArrayLike<bigint>;
}
