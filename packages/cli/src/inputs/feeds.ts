import type { Tensor, ValueMetadata } from '@tessera/runtime';
import { CliError } from '../errors.js';
import { readArray } from './arrays.js';
import { assignFiles } from './assign.js';
import { convertTensor, FLOAT_TYPES, INTEGER_TYPES } from './convert.js';
import { assumeDims, bindShape, createBindings, resolveDims, type Bindings } from './dims.js';
import { imageLayout, picturesToTensor, pictureSize, readPicture, type PixelOptions } from './image.js';
import { randomTensor } from './random.js';
import { describeTensor } from './values.js';

export interface FeedOptions {
  /** Values of --input: `[NAME=]FILE`. */
  readonly files: readonly string[];
  /** Sizes of symbols, of --dim. */
  readonly dims: Readonly<Record<string, number>>;
  readonly seed: number;
  readonly pixels: PixelOptions;
}

/** Where an input's values come from. */
export interface FeedSource {
  readonly name: string;
  readonly kind: 'array' | 'picture' | 'random';
  /** Empty for random values. */
  readonly files: readonly string[];
}

export interface Feeds {
  readonly tensors: Readonly<Record<string, Tensor>>;
  readonly sources: readonly FeedSource[];
  /** Sizes of all the symbols of the inputs. */
  readonly dims: Readonly<Record<string, number>>;
  /** Symbols that neither --dim nor a file gave a size, taken as 1. */
  readonly assumed: readonly string[];
}

const PICTURE = /\.(png|jpe?g|webp)$/i;
const ARRAY = /\.(npy|pb)$/i;

function kindOf(file: string): 'array' | 'picture' {
  if (ARRAY.test(file)) return 'array';
  if (PICTURE.test(file)) return 'picture';
  throw new CliError(`--input ${file}: the name must end in .npy, .pb, .png, .jpg, .jpeg or .webp`);
}

/** Lays tensors one after another along their first axis. */
function stack(parts: readonly Tensor[], files: readonly string[]): Tensor {
  const [first] = parts;
  if (parts.length === 1) return first;
  parts.forEach(({ dims }, i) => {
    const fits =
      dims.length > 0 && dims.slice(1).join() === first.dims.slice(1).join() && dims.length === first.dims.length;
    if (!fits) {
      const shapes = `${describeTensor(parts[i].dataType, dims)} and ${describeTensor(first.dataType, first.dims)}`;
      throw new CliError(`${files[i]} cannot be stacked on ${files[0]} along the batch: ${shapes}`);
    }
  });
  const dims = [parts.reduce((sum, part) => sum + part.dims[0], 0), ...first.dims.slice(1)];
  if (Array.isArray(first.data))
    return { ...first, dims, data: parts.flatMap((part) => part.data as readonly string[]) };
  const arrays = parts.map((part) => part.data as Float32Array);
  const Type = first.data.constructor as Float32ArrayConstructor;
  const data = new Type(arrays.reduce((sum, array) => sum + array.length, 0));
  let offset = 0;
  for (const array of arrays) {
    data.set(array, offset);
    offset += array.length;
  }
  return { ...first, dims, data };
}

function fromArrays(input: ValueMetadata, files: readonly string[], bindings: Bindings): Tensor {
  const parts: Tensor[] = [];
  for (const file of files)
    parts.push(convertTensor(readArray(file), input.dataType, `input "${input.name}": ${file}`));
  const tensor = stack(parts, files);
  bindShape(input, tensor.dims, files.join(' + '), bindings);
  return tensor;
}

async function fromPictures(
  input: ValueMetadata,
  files: readonly string[],
  bindings: Bindings,
  pixels: PixelOptions,
): Promise<Tensor> {
  const source = files.join(' + ');
  const dims = resolveDims(input.dims ?? [], bindings);
  const layout = imageLayout(dims);
  const wanted = describeTensor(input.dataType, dims);
  if (!layout || !(FLOAT_TYPES[input.dataType] || INTEGER_TYPES[input.dataType])) {
    const symbols = dims.filter((dim) => typeof dim === 'string');
    const hint =
      symbols.length > 0 ? `; if it is one, give its number of channels by --dim (${symbols.join(', ')})` : '';
    throw new CliError(
      `${source} is a picture, but input "${input.name}" takes ${wanted}, which is not an image${hint}`,
    );
  }
  let height = dims[layout.height];
  let width = dims[layout.width];
  if (typeof height === 'string' || typeof width === 'string') {
    const own = await pictureSize(files[0]);
    height = typeof height === 'string' ? own.height : height;
    width = typeof width === 'string' ? own.width : width;
  }
  if (files.length > 1 && layout.batch === undefined) {
    throw new CliError(`input "${input.name}" takes one picture (${wanted}), but ${files.length} are given: ${source}`);
  }
  const pictures = [];
  for (const file of files) pictures.push(await readPicture(file, width, height, layout.channels));
  const tensor = picturesToTensor(pictures, layout, input.dataType, pixels, `input "${input.name}": ${source}`);
  bindShape(input, tensor.dims, source, bindings);
  return tensor;
}

/**
 * The values of all inputs: from files where given, else random. Symbols get their sizes from --dim, then from arrays,
 * then from pictures (which take what is known and else their own size); what is left becomes 1.
 */
export async function buildFeeds(inputs: readonly ValueMetadata[], options: FeedOptions): Promise<Feeds> {
  const files = assignFiles(
    options.files,
    inputs.map((input) => input.name),
  );
  const bindings = createBindings(inputs, options.dims);
  const found = new Map<string, { tensor: Tensor; kind: FeedSource['kind'] }>();
  const given = inputs.filter((input) => files.has(input.name));
  const kinds = new Map(given.map((input) => [input.name, inputKind(input.name, files.get(input.name)!)]));
  for (const kind of ['array', 'picture'] as const) {
    for (const input of given.filter(({ name }) => kinds.get(name) === kind)) {
      const own = files.get(input.name)!;
      const tensor = await (kind === 'array'
        ? fromArrays(input, own, bindings)
        : fromPictures(input, own, bindings, options.pixels));
      found.set(input.name, { tensor, kind });
    }
  }
  for (const input of inputs) {
    if (found.has(input.name)) continue;
    const tensor = randomTensor(input.name, input.dataType, assumeDims(input, bindings), options.seed);
    found.set(input.name, { tensor, kind: 'random' });
  }
  return {
    tensors: Object.fromEntries(inputs.map(({ name }) => [name, found.get(name)!.tensor])),
    sources: inputs.map(({ name }) => ({ name, kind: found.get(name)!.kind, files: files.get(name) ?? [] })),
    dims: Object.fromEntries([...bindings.sizes].map(([symbol, { size }]) => [symbol, size])),
    assumed: [...bindings.assumed],
  };
}

function inputKind(name: string, files: readonly string[]): 'array' | 'picture' {
  const [first, ...rest] = files.map(kindOf);
  if (rest.some((kind) => kind !== first)) {
    throw new CliError(`input "${name}" is given both arrays and pictures: ${files.join(', ')}`);
  }
  return first;
}
