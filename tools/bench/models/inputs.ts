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

/** Sizes by the names of open dimensions. */
export type Sizes = Readonly<Record<string, number>>;

/** The sizes of the open dimensions of inputs: the batch where one is the first of its input, else as given, if it is. */
export function openDimensions(inputs: readonly InputSpec[], batch: number, sizes: Sizes): Sizes {
  const open = inputs.flatMap(({ dims }) => dims.map((dim, axis): [string | number | null, number] => [dim, axis]));
  const sized = open.flatMap(([dim, axis]): [string, number][] => {
    if (typeof dim !== 'string') return [];
    if (axis === 0) return [[dim, batch]];
    return dim in sizes ? [[dim, sizes[dim]]] : [];
  });
  return Object.fromEntries(sized);
}

/** Seeded inputs of a batch: normal numbers, or whole numbers from 0 to 99. Throws where a dimension's size is not known. */
export function feedsFor(inputs: readonly InputSpec[], batch: number, sizes: Sizes): Record<string, Tensor> {
  return Object.fromEntries(
    inputs.map(({ name, dataType, dims: stated }, i) => {
      const dims = stated.map((dim, axis) => {
        if (typeof dim === 'number') return dim;
        if (axis === 0) return batch;
        if (dim !== null && dim in sizes) return sizes[dim];
        throw new Error(`dimension ${axis} of input "${name}" is open; give its size by --dim ${dim ?? 'NAME'}=SIZE`);
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
