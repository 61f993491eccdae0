import { denseStrides } from '../program/layout.js';
import { toNumbers } from './numbers.js';
import type { InferContext, NodeContext } from './types.js';

/** An index counted from the front; fails where it lies outside the dimension. */
export function checkedIndex(context: NodeContext, index: number, size: number): number {
  if (index < -size || index >= size) context.fail(`index ${index} is outside a dimension of size ${size}`);
  return index < 0 ? index + size : index;
}

/** Fails where indices (input 1) that are constant lie outside an axis of the data (input 0) whose size is known. */
export function checkConstantIndices(context: InferContext, axis: number): void {
  const size = context.type(0).shape?.[axis];
  const indices = context.constant(1);
  if (typeof size === 'number' && indices) toNumbers(indices).forEach((index) => checkedIndex(context, index, size));
}

/**
 * Fails where vectors of indices (input 1, along its last dimension) that are constant lie outside the dimensions of the data
 * (input 0) from `first` on.
 */
export function checkConstantVectors(context: InferContext, first: number): void {
  const sizes = context.type(0).shape?.slice(first);
  const indices = context.constant(1);
  const depth = indices?.dims.at(-1);
  if (!sizes || !indices || !depth) return;
  toNumbers(indices).forEach((index, i) => {
    const size = sizes[i % depth];
    if (typeof size === 'number') checkedIndex(context, index, size);
  });
}

/** Calls `visit` with the coordinates of every element of a shape, in row-major order. The array is reused. */
export function forEachIndex(shape: readonly number[], visit: (index: readonly number[], flat: number) => void): void {
  const total = product(shape);
  const index = new Array<number>(shape.length).fill(0);
  for (let flat = 0; flat < total; flat++) {
    visit(index, flat);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      if (++index[axis] < shape[axis]) break;
      index[axis] = 0;
    }
  }
}

/** Where the elements of a tensor lie that is taken row by row: element `e` of row `r` at rows[r] + elements[e]. */
export interface RowPositions {
  readonly rows: Int32Array;
  readonly elements: Int32Array;
}

/** Rows extend over `axes`; the other dimensions number them. Row-major without strides. */
export function rowPositions(
  shape: readonly number[],
  axes: readonly number[],
  strides: readonly number[] = denseStrides(shape, 'row-major'),
): RowPositions {
  const positions = (dims: readonly number[]) => {
    const sizes = dims.map((axis) => shape[axis]);
    const result = new Int32Array(product(sizes));
    forEachIndex(sizes, (index, flat) => {
      for (let i = 0; i < dims.length; i++) result[flat] += index[i] * strides[dims[i]];
    });
    return result;
  };
  const kept = shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  return { rows: positions(kept), elements: positions(axes) };
}

/** Calls `visit` with the values of every row; the array is reused. */
export function forEachRow(
  values: Float64Array,
  { rows, elements }: RowPositions,
  visit: (row: Float64Array, index: number) => void,
): void {
  const row = new Float64Array(elements.length);
  for (let r = 0; r < rows.length; r++) {
    for (let e = 0; e < elements.length; e++) row[e] = values[rows[r] + elements[e]];
    visit(row, r);
  }
}

export function product(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total * size, 1);
}
