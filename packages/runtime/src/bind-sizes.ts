import type { Container, Dim, TypedGraph, ValueType } from './graph.js';
import { TesseraError } from './errors.js';
import type { GpuTensor } from './device/gpu-tensor.js';
import type { ShapedFeeds } from './session-io.js';
import type { Tensor } from './tensor.js';
import { elementCount } from './passes/constants.js';

const show = (dims: readonly Dim[]) => `[${dims.join(', ')}]`;

/** The symbols of a graph's inputs, in order. */
export function symbolsOf(graph: TypedGraph): string[] {
  const dims = graph.inputs.flatMap((name) => graph.types.get(name)!.shape ?? []);
  return [...new Set(dims.filter((dim) => typeof dim === 'string'))];
}

/** Checks given sizes of symbols: each must name a symbol and be a whole number from 0. */
export function checkSizes(graph: TypedGraph, dims: Readonly<Record<string, number>>): Map<string, number> {
  const symbols = symbolsOf(graph);
  for (const [name, size] of Object.entries(dims)) {
    if (!symbols.includes(name)) {
      const known =
        symbols.length > 0 ? `its symbolic dimensions are ${symbols.join(', ')}` : 'it has no symbolic dimensions';
      throw new TesseraError('INVALID_INPUT', `the model has no dimension "${name}"; ${known}`);
    }
    if (!Number.isSafeInteger(size) || size < 0) {
      throw new TesseraError('INVALID_INPUT', `dimension "${name}" cannot be ${size}; a size is a whole number from 0`);
    }
  }
  return new Map(Object.entries(dims));
}

/**
 * Checks feeds against the graph's inputs (names, types, shapes) and finds the size of every symbol. Throws
 * INVALID_INPUT naming the input, what it is and what it should be.
 */
export function bindSizes(graph: TypedGraph, feeds: ShapedFeeds): Map<string, number> {
  const list = graph.inputs.map((name) => `"${name}"`).join(', ');
  const extra = Object.keys(feeds).find((name) => !graph.inputs.includes(name));
  if (extra !== undefined)
    throw new TesseraError('INVALID_INPUT', `the model has no input "${extra}"; its inputs are ${list}`);
  const missing = graph.inputs.filter((name) => feeds[name] === undefined);
  if (missing.length > 0) {
    throw new TesseraError(
      'INVALID_INPUT',
      `missing input ${missing.map((name) => `"${name}"`).join(', ')}; the model needs ${list}`,
    );
  }
  const sizes = new Map<string, number>();
  const boundBy = new Map<string, string>();
  for (const name of graph.inputs) {
    const type = graph.types.get(name)!;
    for (const tensor of tensorsOf(name, feeds[name], type.container)) checkFeed(name, tensor, type, sizes, boundBy);
  }
  return sizes;
}

/** The tensors of a feed; throws where it is not of the kind the model takes. */
function tensorsOf(
  name: string,
  feed: ShapedFeeds[string],
  container: Container | undefined,
): readonly (Tensor | GpuTensor)[] {
  const isOptional = container === 'optional' || container === 'optional-sequence';
  if (feed === null && isOptional) return [];
  const takesSequence = container === 'sequence' || container === 'optional-sequence';
  const isList = Array.isArray(feed);
  if (isList && takesSequence) return feed.map((tensor) => requireTensor(name, tensor));
  if (feed !== null && !isList && !takesSequence) return [requireTensor(name, feed)];
  const found = feed === null ? 'empty' : isList ? 'a sequence' : 'a tensor';
  const right = `${isOptional ? 'an optional' : 'a'} ${takesSequence ? 'sequence' : 'tensor'}`;
  throw new TesseraError('INVALID_INPUT', `input "${name}" is ${found}; the model takes ${right}`);
}

function requireTensor(name: string, feed: unknown): Tensor | GpuTensor {
  const { dims, data, location } = Object(feed) as Partial<Record<string, unknown>>;
  const hasElements = ArrayBuffer.isView(data) || Array.isArray(data) || location === 'gpu';
  if (Array.isArray(dims) && hasElements) return feed as Tensor | GpuTensor;
  const message = `input "${name}" is no tensor: it needs dataType, dims (an array of sizes) and data (its elements)`;
  throw new TesseraError('INVALID_INPUT', message);
}

/** Throws INVALID_INPUT where elements are not as many as a shape needs. */
export function requireElements(name: string, { data, dims }: Pick<Tensor, 'data' | 'dims'>): void {
  const count = elementCount(dims);
  if (data.length === count) return;
  const found = `input "${name}" has ${data.length} elements; its shape ${show(dims)} needs ${count}`;
  const isGone = ArrayBuffer.isView(data) && data.buffer.byteLength === 0;
  const remedy =
    ': their memory was transferred, or was staged and went with the run that it was given to; stage it anew';
  throw new TesseraError('INVALID_INPUT', isGone ? found + remedy : found);
}

/**
 * Checks the type and shape of what is meant for an input, and its elements where there are any. Throws INVALID_INPUT. Sizes of
 * symbols are added to `sizes`, with the input they came by to `boundBy`.
 */
export function checkFeed(
  name: string,
  feed: Pick<Tensor, 'dataType' | 'dims'> & Partial<Pick<Tensor, 'data'>>,
  { dataType, shape }: ValueType,
  sizes = new Map<string, number>(),
  boundBy = new Map<string, string>(),
): void {
  const fail = (message: string): never => {
    throw new TesseraError('INVALID_INPUT', `input "${name}" ${message}`);
  };
  if (feed.dataType !== dataType) fail(`is ${feed.dataType}; the model takes ${dataType}`);
  if (feed.dims.some((d) => !Number.isSafeInteger(d) || d < 0))
    fail(`has the shape ${show(feed.dims)}; sizes are whole numbers from 0`);
  const { data, dims } = feed;
  if (data) requireElements(name, { data, dims });
  if (!shape) return;
  if (shape.length !== feed.dims.length) fail(`has the shape ${show(feed.dims)}; the model takes ${show(shape)}`);
  shape.forEach((dim, axis) => {
    const size = feed.dims[axis];
    if (typeof dim === 'number') {
      if (dim !== size) fail(`has the shape ${show(feed.dims)}; the model takes ${show(shape)}`);
      return;
    }
    const bound = sizes.get(dim);
    if (bound !== undefined && bound !== size) {
      fail(`has the shape ${show(feed.dims)}, so "${dim}" is ${size}; input "${boundBy.get(dim)}" makes it ${bound}`);
    }
    sizes.set(dim, size);
    boundBy.set(dim, name);
  });
}
