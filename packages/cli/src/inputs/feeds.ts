import type { Tensor, ValueMetadata } from '@tessera/runtime';
import { CliError } from '../errors.js';
import { readArray } from './arrays.js';
import { assignFiles } from './assign.js';
import { convertTensor, FLOAT_TYPES, INTEGER_TYPES } from './convert.js';
import { assumeDims, bindShape, bindShapes, checkCount, createBindings, resolveDims, type Bindings } from './dims.js';
import { imageLayout, picturesToTensor, pictureSize, readPicture, type PixelOptions } from './image.js';
import { randomTensor } from './random.js';
import { describeTensor } from './values.js';

export interface FeedOptions {
  /** Values of --input: `[NAME=]FILE`. */
  readonly files: readonly string[];
  /** Sizes of symbols, of --dim. */
  readonly dims: Readonly<Record<string, number>>;
  /** Shapes of inputs, of --shapes. */
  readonly shapes?: Readonly<Record<string, readonly number[]>>;
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

/** What is known before random values are made. */
export interface FeedPlan {
  /** Inputs whose values came from files. */
  readonly given: Readonly<Record<string, Tensor>>;
  /** Shapes of the other inputs. */
  readonly random: readonly { readonly input: ValueMetadata; readonly dims: readonly number[] }[];
  readonly seed: number;
  /** In the order of the inputs. */
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
  checkCount(input, [files.length, layout.channels, height, width]);
  const pictures = [];
  for (const file of files) pictures.push(await readPicture(file, width, height, layout.channels));
  const tensor = picturesToTensor(pictures, layout, input.dataType, pixels, `input "${input.name}": ${source}`);
  bindShape(input, tensor.dims, source, bindings);
  return tensor;
}

/**
 * Reads the inputs that files are given for, and finds the shapes of all. Symbols get their sizes from --dim and --shapes, then from
 * arrays, then from pictures (which take what is known and else their own size); what is left becomes 1.
 */
export async function planFeeds(inputs: readonly ValueMetadata[], options: FeedOptions): Promise<FeedPlan> {
  const names = inputs.map((input) => input.name);
  const files = assignFiles(options.files, names);
  const bindings = createBindings(inputs, options.dims);
  bindShapes(inputs, options.shapes ?? {}, bindings);
  const kinds = new Map([...files].map(([name, own]) => [name, inputKind(name, own)]));
  const given = new Map<string, Tensor>();
  for (const input of inputs.filter(({ name }) => kinds.get(name) === 'array')) {
    given.set(input.name, fromArrays(input, files.get(input.name)!, bindings));
  }
  for (const input of inputs.filter(({ name }) => kinds.get(name) === 'picture')) {
    given.set(input.name, await fromPictures(input, files.get(input.name)!, bindings, options.pixels));
  }
  const random = inputs
    .filter(({ name }) => !files.has(name))
    .map((input) => {
      const dims =
        input.dims || !options.shapes?.[input.name] ? assumeDims(input, bindings) : options.shapes[input.name];
      checkCount(input, dims);
      return { input, dims };
    });
  return {
    given: Object.fromEntries(given),
    random,
    seed: options.seed,
    sources: names.map((name) => ({ name, kind: kinds.get(name) ?? 'random', files: files.get(name) ?? [] })),
    dims: Object.fromEntries([...bindings.sizes].map(([symbol, { size }]) => [symbol, size])),
    assumed: [...bindings.assumed],
  };
}

/** The values of all inputs. */
export function fillFeeds({ given, random, seed }: FeedPlan): Record<string, Tensor> {
  const made = random.map(({ input, dims }) => [input.name, randomTensor(input.name, input.dataType, dims, seed)]);
  return { ...given, ...Object.fromEntries(made) };
}

function inputKind(name: string, files: readonly string[]): 'array' | 'picture' {
  const [first, ...rest] = files.map(kindOf);
  if (rest.some((kind) => kind !== first)) {
    throw new CliError(`input "${name}" is given both arrays and pictures: ${files.join(', ')}`);
  }
  return first;
}
