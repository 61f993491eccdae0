import type { ValueMetadata } from '@tessera/runtime';
import { CliError } from '../errors.js';
import { describeTensor, elementCount } from './values.js';

/** Sizes found for the symbols of a model's inputs, each with what said so. */
export interface Bindings {
  readonly sizes: Map<string, { readonly size: number; readonly source: string }>;
  /** Symbols that nothing named, taken as 1. */
  readonly assumed: Set<string>;
}

/** The symbols of the inputs' shapes, in order of appearance. */
function symbolsOf(inputs: readonly ValueMetadata[]): string[] {
  const symbols = inputs.flatMap((input) => input.dims ?? []).filter((dim) => typeof dim === 'string');
  return [...new Set(symbols)];
}

/** Starts from the sizes of --dim. */
export function createBindings(inputs: readonly ValueMetadata[], given: Readonly<Record<string, number>>): Bindings {
  const symbols = symbolsOf(inputs);
  const sizes = new Map<string, { size: number; source: string }>();
  for (const [symbol, size] of Object.entries(given)) {
    if (!symbols.includes(symbol)) {
      const known = symbols.length === 0 ? 'its inputs have none' : `it has ${symbols.join(', ')}`;
      throw new CliError(`--dim ${symbol}=${size}: the model has no symbolic dimension "${symbol}"; ${known}`);
    }
    sizes.set(symbol, { size, source: '--dim' });
  }
  return { sizes, assumed: new Set() };
}

/** The shape with the sizes known so far in place of their symbols. */
export function resolveDims(dims: readonly (number | string)[], bindings: Bindings): (number | string)[] {
  return dims.map((dim) => (typeof dim === 'string' ? (bindings.sizes.get(dim)?.size ?? dim) : dim));
}

/**
 * Checks a tensor's shape against the input's and remembers the sizes it gives to symbols.
 * @throws CliError naming both shapes.
 */
export function bindShape(input: ValueMetadata, dims: readonly number[], source: string, bindings: Bindings): void {
  if (input.dims === undefined) return;
  const wanted = describeTensor(input.dataType, input.dims);
  const wrong = (why: string) =>
    new CliError(
      `${source} has the shape ${dims.join('x') || 'of a scalar'}, but input "${input.name}" takes ${wanted}${why}`,
    );
  if (dims.length !== input.dims.length) throw wrong('');
  input.dims.forEach((dim, axis) => {
    if (typeof dim === 'number') {
      if (dim !== dims[axis]) throw wrong('');
      return;
    }
    const known = bindings.sizes.get(dim);
    if (known && known.size !== dims[axis]) throw wrong(` with ${dim} = ${known.size} by ${known.source}`);
    if (!known) bindings.sizes.set(dim, { size: dims[axis], source });
  });
}

/** Takes the sizes that --shapes gives; each must name an input and fit it. */
export function bindShapes(
  inputs: readonly ValueMetadata[],
  shapes: Readonly<Record<string, readonly number[]>>,
  bindings: Bindings,
): void {
  for (const [name, dims] of Object.entries(shapes)) {
    const input = inputs.find((candidate) => candidate.name === name);
    if (!input) {
      const names = inputs.map((candidate) => candidate.name).join(', ');
      throw new CliError(
        `--shapes ${name}:${dims.join('x')}: the model has no input "${name}"; its inputs are ${names}`,
      );
    }
    bindShape(input, dims, '--shapes', bindings);
  }
}

/** No typed array, and no buffer of a GPU, is larger. */
const MOST_ELEMENTS = 2 ** 31 - 1;

/** @throws CliError where an input of this shape cannot be held in memory. */
export function checkCount({ name, dataType }: ValueMetadata, dims: readonly number[]): void {
  const count = elementCount(dims);
  if (count <= MOST_ELEMENTS) return;
  throw new CliError(
    `input "${name}" of ${describeTensor(dataType, dims)} has ${count} elements; at most ${MOST_ELEMENTS} can be held`,
  );
}

/** The input's shape in numbers; symbols without a size become 1 and are remembered as assumed. */
export function assumeDims(input: ValueMetadata, bindings: Bindings): number[] {
  if (input.dims === undefined) {
    throw new CliError(`the model does not say the shape of input "${input.name}": give it by --input`);
  }
  return input.dims.map((dim) => {
    if (typeof dim === 'number') return dim;
    const known = bindings.sizes.get(dim);
    if (known) return known.size;
    bindings.sizes.set(dim, { size: 1, source: 'assumption' });
    bindings.assumed.add(dim);
    return 1;
  });
}
