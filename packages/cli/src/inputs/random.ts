import type { DataType } from '@tessera/onnx-loader';
import type { Tensor } from '@tessera/runtime';
import { CliError } from '../errors.js';
import { FLOAT_TYPES, INTEGER_TYPES } from './convert.js';
import { elementCount } from './values.js';

/** Integers of random inputs are below this, so that they serve as indices of most tables. */
const INTEGER_LIMIT = 10;

/** Uniform numbers in [0, 1): the generator mulberry32. */
function uniform(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** FNV-1a of a text, so that an input's values depend on its name and not on the other inputs. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const character of text) value = Math.imul(value ^ (character.codePointAt(0) ?? 0), 0x01000193);
  return value;
}

/** Fills an array with standard normal numbers, by the Box-Muller transform. */
function fillNormal<T extends Float32Array | Float64Array>(values: T, random: () => number): T {
  for (let i = 0; i < values.length; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(1 - random()));
    const angle = 2 * Math.PI * random();
    values[i] = radius * Math.cos(angle);
    if (i + 1 < values.length) values[i + 1] = radius * Math.sin(angle);
  }
  return values;
}

/**
 * Values for an input that no file was given for, the same for the same name, shape and seed: standard normal floats,
 * integers from 0 to 9 (or the type's largest), bools.
 */
export function randomTensor(name: string, dataType: DataType, dims: readonly number[], seed: number): Tensor {
  const random = uniform(seed ^ hash(name));
  const length = elementCount(dims);
  if (dataType === 'float32') return { dataType, dims, data: fillNormal(new Float32Array(length), random) };
  const float = FLOAT_TYPES[dataType];
  if (float) return { dataType, dims, data: float.store(fillNormal(new Float64Array(length), random)) };
  const integer = INTEGER_TYPES[dataType];
  if (!integer) throw new CliError(`input "${name}" holds ${dataType}, which has no random values: give it by --input`);
  const limit = Math.min(INTEGER_LIMIT, Number(integer.max) + 1);
  const data = integer.make(length);
  for (let i = 0; i < length; i++) {
    const value = Math.floor(random() * limit);
    if (data instanceof BigInt64Array || data instanceof BigUint64Array) data[i] = BigInt(value);
    else data[i] = value;
  }
  return { dataType, dims, data };
}
