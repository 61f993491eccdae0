import { f16round } from '@petamoriken/float16';
import type { DataType } from '@tessera/onnx-loader';
import type { Tensor, TensorArray } from '@tessera/runtime';
import { CliError } from '../errors.js';
import { floatToBfloat, floatToHalf, bfloatToFloat, numericValues } from './values.js';

interface IntegerType {
  readonly min: number | bigint;
  readonly max: number | bigint;
  readonly make: (length: number) => Exclude<TensorArray, readonly string[]>;
}

const int8 = (length: number) => new Int8Array(length);
const uint8 = (length: number) => new Uint8Array(length);
const bigInt = (length: number) => new BigInt64Array(length);
const bigUint = (length: number) => new BigUint64Array(length);

/** Integer element types with their range and the array that holds them; bool is the integers 0 and 1. */
export const INTEGER_TYPES: Partial<Record<DataType, IntegerType>> = {
  bool: { min: 0, max: 1, make: uint8 },
  int2: { min: -2, max: 1, make: int8 },
  uint2: { min: 0, max: 3, make: uint8 },
  int4: { min: -8, max: 7, make: int8 },
  uint4: { min: 0, max: 15, make: uint8 },
  int8: { min: -128, max: 127, make: int8 },
  uint8: { min: 0, max: 255, make: uint8 },
  int16: { min: -32768, max: 32767, make: (length) => new Int16Array(length) },
  uint16: { min: 0, max: 65535, make: (length) => new Uint16Array(length) },
  int32: { min: -(2 ** 31), max: 2 ** 31 - 1, make: (length) => new Int32Array(length) },
  uint32: { min: 0, max: 2 ** 32 - 1, make: (length) => new Uint32Array(length) },
  int64: { min: -(2n ** 63n), max: 2n ** 63n - 1n, make: bigInt },
  uint64: { min: 0, max: 2n ** 64n - 1n, make: bigUint },
};

interface FloatType {
  readonly round: (value: number) => number;
  readonly store: (values: Float64Array) => TensorArray;
}

export const FLOAT_TYPES: Partial<Record<DataType, FloatType>> = {
  float64: { round: (value) => value, store: (values) => values },
  float32: { round: Math.fround, store: (values) => Float32Array.from(values) },
  float16: { round: f16round, store: floatToHalf },
  bfloat16: { round: (value) => bfloatToFloat(floatToBfloat([value]))[0], store: floatToBfloat },
};

function refuse(tensor: Tensor, target: DataType, source: string, why: string): never {
  throw new CliError(`${source} holds ${tensor.dataType}, which cannot become ${target}: ${why}`);
}

function toInteger(tensor: Tensor, values: ArrayLike<number | bigint>, target: DataType, source: string): TensorArray {
  const { min, max, make } = INTEGER_TYPES[target]!;
  const result = make(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (value < min || value > max) refuse(tensor, target, source, `${value} at element ${i} is out of its range`);
    if (result instanceof BigInt64Array || result instanceof BigUint64Array) result[i] = BigInt(value);
    else result[i] = Number(value);
  }
  return result;
}

function toFloat(tensor: Tensor, values: ArrayLike<number | bigint>, target: DataType, source: string): TensorArray {
  const { round, store } = FLOAT_TYPES[target]!;
  const exact = INTEGER_TYPES[tensor.dataType] !== undefined;
  const result = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    const number = Number(value);
    const rounded = round(number);
    if (exact && (rounded !== number || (typeof value === 'bigint' && BigInt(number) !== value))) {
      refuse(tensor, target, source, `${value} at element ${i} is not exact in it`);
    }
    if (Number.isFinite(number) && !Number.isFinite(rounded)) {
      refuse(tensor, target, source, `${number} at element ${i} is beyond its range`);
    }
    result[i] = rounded;
  }
  return store(result);
}

/**
 * The tensor in the element type `target`. Integers and bools become any type that holds each of the values exactly;
 * a float becomes another float, rounded to nearest, unless a finite value would become infinite. Floats never become
 * integers. `source` names the tensor's origin in the error.
 */
export function convertTensor(tensor: Tensor, target: DataType, source: string): Tensor {
  if (tensor.dataType === target) return tensor;
  const values = numericValues(tensor);
  const fromInteger = INTEGER_TYPES[tensor.dataType] !== undefined;
  if (values !== undefined && INTEGER_TYPES[target] && fromInteger) {
    return { dataType: target, dims: tensor.dims, data: toInteger(tensor, values, target, source) };
  }
  if (values !== undefined && FLOAT_TYPES[target]) {
    return { dataType: target, dims: tensor.dims, data: toFloat(tensor, values, target, source) };
  }
  return refuse(
    tensor,
    target,
    source,
    `only a file of type ${target}${INTEGER_TYPES[target] ? ' or of integers' : ''} will do`,
  );
}
