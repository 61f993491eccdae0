import type { ValueMetadata } from '../api.js';
import { elementCount } from '../passes/constants.js';
import { arrayTypeOf, type Tensor, type TensorArray } from '../tensor.js';

/** Feeds or results by name, in host memory. */
export type Tensors = Readonly<Record<string, Tensor>>;

/** A model's batch dimension by its symbol, or why it has none. */
export type BatchDimension = { readonly symbol: string } | { readonly reason: string };

/**
 * The batch dimension of a model by what it states: one symbol that is the first size of every input and output, and
 * occurs nowhere else. Whether the rows are independent, too, only a run can tell.
 */
export function batchDimension(inputs: readonly ValueMetadata[], outputs: readonly ValueMetadata[]): BatchDimension {
  const symbol = inputs[0]?.dims?.[0];
  if (typeof symbol !== 'string') return { reason: 'the first size of its first input is fixed' };
  for (const { name, dims } of [...inputs, ...outputs]) {
    if (dims?.[0] !== symbol)
      return { reason: `the first size of "${name}" is ${dims?.[0] ?? 'unknown'}, not ${symbol}` };
    if (dims.indexOf(symbol, 1) > 0) return { reason: `${symbol} is also another size of "${name}"` };
  }
  return { symbol };
}

/** Sizes of batches that programs are made for: powers of two, and the largest itself. A session keeps eight programs. */
export function batchSizes(maxSize: number): number[] {
  const sizes = [maxSize];
  for (let size = 1; size < maxSize; size *= 2) sizes.push(size);
  return sizes.sort((a, b) => a - b);
}

/**
 * How many of the rows that wait to take at once: all, where they fill the next size of batches to three quarters; else
 * as many as the size below holds.
 */
export function rowsToTake(rows: number, sizes: readonly number[]): number {
  const up = sizes.find((size) => size >= rows);
  if (up === undefined) return sizes.at(-1)!;
  const down = sizes.findLast((size) => size < rows);
  return down === undefined || rows >= up * 0.75 ? rows : down;
}

/** What requests must have in common to be run as one: types and sizes of their inputs but the first size. */
export function batchKey(feeds: Tensors): string {
  const parts = Object.entries(feeds).map(([name, { dims }]) => `${name}:${dims.slice(1).join('x')}`);
  return parts.sort().join(' ');
}

/** Rows of a request: the first size of its inputs. */
export function rowsOf(feeds: Tensors): number {
  return Object.values(feeds)[0].dims[0];
}

/** Makes the tensor that an input's rows are joined in; what it holds does not matter. */
export type MakeInput = (name: string, dataType: Tensor['dataType'], dims: readonly number[]) => Tensor;

/** Feeds of equal keys as one of `size` rows, in tensors that `make` makes; rows that are left over hold zeros (empty texts). */
export function joinFeeds(
  requests: readonly Tensors[],
  size: number,
  make: MakeInput = (_, dataType, dims) => zeros(dataType, dims),
): Tensors {
  if (requests.length === 1 && rowsOf(requests[0]) === size) return requests[0];
  const join = (name: string) => {
    const [{ dataType, dims }] = requests.map((feeds) => feeds[name]);
    const joined = make(name, dataType, [size, ...dims.slice(1)]);
    const data = joined.data as WritableArray;
    let offset = 0;
    for (const feeds of requests) {
      place(data, feeds[name].data, offset);
      offset += feeds[name].data.length;
    }
    clear(data, offset);
    return joined;
  };
  return Object.fromEntries(Object.keys(requests[0]).map((name) => [name, join(name)]));
}

/** A tensor of zeros, or of empty texts. */
export function zeros(dataType: Tensor['dataType'], dims: readonly number[]): Tensor {
  return { dataType, dims, data: emptyData(dataType, elementCount(dims)) };
}

type WritableArray = string[] | Exclude<TensorArray, readonly string[]>;

function emptyData(dataType: Tensor['dataType'], length: number): WritableArray {
  const type = arrayTypeOf(dataType);
  return type ? new type(length) : new Array<string>(length).fill('');
}

function place(target: WritableArray, source: TensorArray, offset: number): void {
  if (Array.isArray(target)) for (let i = 0; i < source.length; i++) target[offset + i] = source[i] as string;
  else (target as Float32Array).set(source as Float32Array, offset);
}

function clear(target: WritableArray, from: number): void {
  if (Array.isArray(target)) target.fill('', from);
  else if (target instanceof BigInt64Array || target instanceof BigUint64Array) target.fill(0n, from);
  else target.fill(0, from);
}

/** The results' rows `first` to `first + rows - 1`, over the same memory. */
export function sliceRows(results: Tensors, first: number, rows: number): Record<string, Tensor> {
  const slice = ({ dataType, dims, data }: Tensor): Tensor => {
    const row = elementCount(dims.slice(1));
    const [from, to] = [first * row, (first + rows) * row];
    const part = Array.isArray(data) ? data.slice(from, to) : (data as Float32Array).subarray(from, to);
    return { dataType, dims: [rows, ...dims.slice(1)], data: part };
  };
  return Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, slice(tensor)]));
}
