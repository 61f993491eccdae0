import type { Tensor, ValueMetadata } from '../engine/messages.js';

/** Mulberry32: a small generator of uniform numbers in 0..1, equal for equal seeds. */
function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const integerArrays = {
  int64: (length: number) => new BigInt64Array(length),
  int32: (length: number) => new Int32Array(length),
  uint8: (length: number) => new Uint8Array(length),
  int8: (length: number) => new Int8Array(length),
  bool: (length: number) => new Uint8Array(length),
} as const;

/** Normally distributed floats, or zeros for other types, which are often indices. Throws for types a page cannot fill. */
export function randomTensor({ name, dataType }: ValueMetadata, dims: readonly number[], seed: number): Tensor {
  const length = dims.reduce((a, b) => a * b, 1);
  if (dataType in integerArrays) {
    return { dataType, dims, data: integerArrays[dataType as keyof typeof integerArrays](length) };
  }
  if (dataType !== 'float32') throw new Error(`input "${name}" is ${dataType}; give it as an .npy file`);
  const next = uniform(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  return { dataType, dims, data: Float32Array.from({ length }, normal) };
}
