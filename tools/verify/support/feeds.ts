import type { DataType, Tensor, TensorArray, ValueMetadata } from '@tessera/runtime';

const arrays: Partial<Record<DataType, (length: number) => Exclude<TensorArray, readonly string[]>>> = {
  float32: (length) => new Float32Array(length),
  float64: (length) => new Float64Array(length),
  float16: (length) => new Uint16Array(length),
  int64: (length) => new BigInt64Array(length),
  int32: (length) => new Int32Array(length),
  uint8: (length) => new Uint8Array(length),
  int8: (length) => new Int8Array(length),
  bool: (length) => new Uint8Array(length),
};

/**
 * Tensors for a session's inputs, `sizeOf` giving the sizes of symbols: a slow wave in -1..1 for float32 and float64, zeros for
 * the other types. Undefined where an input's rank is unknown, its type has no array, or it holds over `maxElements`.
 */
export function plainFeeds(
  inputs: readonly ValueMetadata[],
  sizeOf: (symbol: string) => number,
  maxElements: number,
): Record<string, Tensor> | undefined {
  const feeds: Record<string, Tensor> = {};
  for (const { name, dataType, dims: symbolic } of inputs) {
    const dims = symbolic?.map((dim) => (typeof dim === 'number' ? dim : sizeOf(dim)));
    const length = dims?.reduce((product, size) => product * size, 1) ?? Infinity;
    const make = arrays[dataType];
    if (!dims || !make || length > maxElements) return undefined;
    const data = make(length);
    if (data instanceof Float32Array || data instanceof Float64Array) {
      for (let i = 0; i < length; i++) data[i] = Math.sin(i / 7);
    }
    feeds[name] = { dataType, dims, data };
  }
  return feeds;
}
