import { denseStrides } from '../program/layout.js';

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

/** Calls `visit` for every combination of the dimensions not in `axes`, with the positions of that row's elements. */
export function forEachRow(
  shape: readonly number[],
  axes: readonly number[],
  visit: (elements: Int32Array, row: number, index: readonly number[]) => void,
): void {
  const strides = denseStrides(shape, 'row-major');
  const at = (index: readonly number[], dims: readonly number[]) =>
    index.reduce((sum, position, i) => sum + position * strides[dims[i]], 0);
  const sizes = (dims: readonly number[]) => dims.map((axis) => shape[axis]);
  const kept = shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const offsets: number[] = [];
  forEachIndex(sizes(axes), (index) => void offsets.push(at(index, axes)));
  forEachIndex(sizes(kept), (index, row) => {
    const base = at(index, kept);
    const elements = Int32Array.from(offsets, (offset) => base + offset);
    visit(elements, row, index);
  });
}

export function product(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total * size, 1);
}
