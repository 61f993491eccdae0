import { Float16Array } from '@petamoriken/float16';
import type { DataType } from '@tessera/onnx-loader';
import { TesseraError } from '../errors.js';
import { isSmallFloat, smallFloatCodec, type Rounding } from '../program/small-floats.js';
import { roundToBfloat16, toFloat32 } from '../program/storage.js';
import type { Tensor, TensorArray } from '../tensor.js';

/** Elements as numbers; 64-bit integers beyond 2^53 are rounded. Throws INTERNAL for strings and complex numbers. */
export function toNumbers(tensor: Tensor): Float64Array {
  const { dataType, data } = tensor;
  if (dataType === 'string' || dataType === 'complex64' || dataType === 'complex128') {
    throw new TesseraError('UNSUPPORTED_OPERATOR', `a tensor of type ${dataType} cannot be calculated with`);
  }
  if (dataType === 'float16' || dataType === 'bfloat16') return new Float64Array(toFloat32(dataType, data));
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) return Float64Array.from(data, Number);
  if (isSmallFloat(dataType)) {
    const { decoded } = smallFloatCodec(dataType);
    return Float64Array.from(data as Uint8Array, (code) => decoded[code]);
  }
  return new Float64Array(data as Float64Array);
}

const integerRanges: Partial<Record<DataType, readonly [number, number]>> = {
  int8: [-128, 127],
  int16: [-32768, 32767],
  int32: [-2147483648, 2147483647],
  uint8: [0, 255],
  uint16: [0, 65535],
  uint32: [0, 4294967295],
  int4: [-8, 7],
  uint4: [0, 15],
  int2: [-2, 1],
  uint2: [0, 3],
};

const maxInt64 = 2n ** 63n - 1n;
const maxUint64 = 2n ** 64n - 1n;

function toBigInt(value: number, min: bigint, max: bigint): bigint {
  if (Number.isNaN(value)) return 0n;
  if (value >= Number(max)) return max;
  return value <= Number(min) ? min : BigInt(Math.trunc(value));
}

/** An empty array of the kind `Tensor` holds for a type. */
export function newArray(dataType: DataType, length: number): Exclude<TensorArray, readonly string[]> | string[] {
  switch (dataType) {
    case 'float32':
      return new Float32Array(length);
    case 'float64':
      return new Float64Array(length);
    case 'float16':
    case 'bfloat16':
    case 'uint16':
      return new Uint16Array(length);
    case 'int64':
      return new BigInt64Array(length);
    case 'uint64':
      return new BigUint64Array(length);
    case 'int32':
      return new Int32Array(length);
    case 'int16':
      return new Int16Array(length);
    case 'int8':
    case 'int4':
    case 'int2':
      return new Int8Array(length);
    case 'uint32':
      return new Uint32Array(length);
    case 'string':
      return new Array<string>(length).fill('');
    case 'complex64':
    case 'complex128':
      throw new TesseraError('UNSUPPORTED_OPERATOR', `tensors of type ${dataType} are not supported`);
    default:
      return new Uint8Array(length);
  }
}

function bfloat16Bits(values: ArrayLike<number>): Uint16Array {
  const floats = Float32Array.from(values);
  return Uint16Array.from(new Uint32Array(floats.buffer), roundToBfloat16);
}

/**
 * A tensor of these numbers. `rounding` counts for the floats of 8 and 4 bits. Integers are truncated and saturate, NaN becomes 0; bool is 1 for anything but 0. Throws
 * UNSUPPORTED_OPERATOR for types that hold no plain numbers.
 */
export function fromNumbers(
  dataType: DataType,
  dims: readonly number[],
  numbers: ArrayLike<number>,
  rounding: Rounding = {},
): Tensor {
  if (isSmallFloat(dataType)) {
    const { encode } = smallFloatCodec(dataType);
    return { dataType, dims, data: Uint8Array.from(numbers, (value) => encode(value, rounding)) };
  }
  switch (dataType) {
    case 'float16':
      return { dataType, dims, data: new Uint16Array(Float16Array.from(numbers).buffer as ArrayBuffer) };
    case 'bfloat16':
      return { dataType, dims, data: bfloat16Bits(numbers) };
    case 'int64':
      return {
        dataType,
        dims,
        data: BigInt64Array.from(Array.from(numbers, (n) => toBigInt(n, -maxInt64 - 1n, maxInt64))),
      };
    case 'uint64':
      return { dataType, dims, data: BigUint64Array.from(Array.from(numbers, (n) => toBigInt(n, 0n, maxUint64))) };
    case 'float32':
      return { dataType, dims, data: new Float32Array(numbers) };
    case 'float64':
      return { dataType, dims, data: new Float64Array(numbers) };
    case 'bool':
      return { dataType, dims, data: Uint8Array.from(numbers, (n) => (n === 0 ? 0 : 1)) };
    default:
      return { dataType, dims, data: saturated(dataType, numbers) };
  }
}

function saturated(dataType: DataType, numbers: ArrayLike<number>): TensorArray {
  const range = integerRanges[dataType];
  if (!range) throw new TesseraError('UNSUPPORTED_OPERATOR', `tensors of type ${dataType} cannot be calculated`);
  const data = newArray(dataType, numbers.length) as Int32Array;
  for (let i = 0; i < data.length; i++) data[i] = Math.min(range[1], Math.max(range[0], numbers[i]));
  return data;
}

/** As `fromNumbers`, but integers keep their low bits instead of saturating, as arithmetic on them does. */
export function fromWrappedNumbers(dataType: DataType, dims: readonly number[], numbers: ArrayLike<number>): Tensor {
  const bits = wrappedBits[dataType];
  if (bits === undefined) return fromNumbers(dataType, dims, numbers);
  const wrap = dataType.startsWith('u')
    ? (n: number) => Number(BigInt.asUintN(bits, BigInt(Math.trunc(n))))
    : (n: number) => Number(BigInt.asIntN(bits, BigInt(Math.trunc(n))));
  const [low, high] = integerRanges[dataType] ?? [0, Number.MAX_SAFE_INTEGER];
  return fromNumbers(
    dataType,
    dims,
    Array.from(numbers, (n) => ((n >= low && n <= high) || !Number.isFinite(n) ? n : wrap(n))),
  );
}

const wrappedBits: Partial<Record<DataType, number>> = {
  int8: 8,
  int16: 16,
  int32: 32,
  uint8: 8,
  uint16: 16,
  uint32: 32,
  uint64: 64,
  int4: 4,
  uint4: 4,
  int2: 2,
  uint2: 2,
};

const integerTypes: readonly DataType[] = [
  'int8',
  'int16',
  'int32',
  'int64',
  'uint8',
  'uint16',
  'uint32',
  'uint64',
  'bool',
  'int4',
  'uint4',
  'int2',
  'uint2',
];

export function isInteger(dataType: DataType): boolean {
  return integerTypes.includes(dataType);
}
