import { place } from './per-element.js';

/**
 * WGSL `fn bilinear_<x>(first, y, x, height, width) -> f32`: the plane of operand `x` that begins at `first` (its strides 2
 * and 3 being those of rows and columns) between its elements, and 0 beyond them.
 */
export function bilinear(x: string): string {
  const element = (row: string, column: string) =>
    `f32(${x}[first + u32(${row}) * params.${x}_stride2 + u32(${column}) * params.${x}_stride3])`;
  return `
fn tap_${x}(first: u32, row: i32, column: i32, height: i32, width: i32) -> f32 {
  if (row < 0 || row >= height || column < 0 || column >= width) { return 0.0; }
  return ${element('row', 'column')};
}
fn bilinear_${x}(first: u32, y: f32, x: f32, height: i32, width: i32) -> f32 {
  if (!(y > -1.0 && x > -1.0 && y < f32(height) && x < f32(width))) { return 0.0; }
  let row = i32(floor(y));
  let column = i32(floor(x));
  let dy = y - floor(y);
  let dx = x - floor(x);
  return (1.0 - dy) * ((1.0 - dx) * tap_${x}(first, row, column, height, width) + dx * tap_${x}(first, row, column + 1, height, width))
    + dy * ((1.0 - dx) * tap_${x}(first, row + 1, column, height, width) + dx * tap_${x}(first, row + 1, column + 1, height, width));
}`;
}

/** The start of a plane [batch, channel]. */
export function planeOf(x: string, batch: string, channel: string): string {
  return place(x, [batch, channel]);
}
