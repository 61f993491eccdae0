import { toHalf } from '@tessera/conv-kernels';
import { loadOnnxFile } from '@tessera/onnx-loader/node';
import type { DataType, Tensor } from '@tessera/runtime';

export interface InputSpec {
  readonly name: string;
  readonly dataType: DataType;
  readonly dims: readonly (number | string | null)[];
}

/** The inputs a model's file states. */
export function inputsOf(model: string): readonly InputSpec[] {
  return loadOnnxFile(model).graph.inputs.map(({ name, type }) => {
    if (type?.kind !== 'tensor' || !type.dims)
      throw new Error(`input "${name}" of ${model} is no tensor of known rank`);
    return { name, dataType: type.dataType, dims: type.dims };
  });
}

/** The batches that can be run: those asked for where the first dimension of the inputs is open, else the one it states. */
export function batchesOf(inputs: readonly InputSpec[], wanted: readonly number[]): readonly number[] {
  const fixed = inputs.map((input) => input.dims[0]).find((dim) => typeof dim === 'number');
  return fixed === undefined ? wanted : [fixed];
}

/** The sizes of the symbols that stand for the batch. */
export function openDimensions(inputs: readonly InputSpec[], batch: number): Record<string, number> {
  const symbols = inputs.map(({ dims }) => dims[0]).filter((dim) => typeof dim === 'string');
  return Object.fromEntries(symbols.map((symbol) => [symbol, batch]));
}

/** Seeded inputs of a batch: normal numbers, or whole numbers from 0 to 99; open dimensions but the first are refused. */
export function feedsFor(inputs: readonly InputSpec[], batch: number): Record<string, Tensor> {
  return Object.fromEntries(
    inputs.map(({ name, dataType, dims: stated }, i) => {
      const dims = stated.map((dim, axis) => {
        if (typeof dim === 'number') return dim;
        if (axis === 0) return batch;
        throw new Error(`dimension ${axis} of input "${name}" is open; only the batch may be`);
      });
      const count = dims.reduce((product, size) => product * size, 1);
      return [name, { dataType, dims, data: seededValues(dataType, count, i + 1) }];
    }),
  );
}

function seededValues(dataType: DataType, count: number, seed: number): Tensor['data'] {
  const next = normals(seed);
  const whole = () => Math.floor(Math.abs(next()) * 40) % 100;
  switch (dataType) {
    case 'float32':
      return Float32Array.from({ length: count }, next);
    case 'float16':
      return Uint16Array.from({ length: count }, () => toHalf(next()));
    case 'uint8':
      return Uint8Array.from({ length: count }, whole);
    case 'int32':
      return Int32Array.from({ length: count }, whole);
    case 'int64':
      return BigInt64Array.from({ length: count }, () => BigInt(whole()));
    default:
      throw new Error(`inputs of type ${dataType} cannot be made up`);
  }
}

/** Standard normal numbers, by Box and Muller's transform of a linear congruential generator's. */
function normals(seed: number): () => number {
  let state = seed >>> 0;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 1) / 4294967297;
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}
