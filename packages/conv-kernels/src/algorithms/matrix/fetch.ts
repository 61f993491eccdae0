import type { GroupedLayout, ImplicitGemm } from '../../implicit.js';
import type { Binding } from '../../wgsl/shader.js';
import { lanesPerVector, matrixThreads, type MatrixShape, type MatrixUnits } from './shape.js';

/** How a kernel reads its input: `width` elements at a time, in loads of a WGSL type. */
export interface InputLoads {
  readonly width: 4 | 8;
  readonly type: 'vec4<u32>' | 'vec2<u32>' | 'vec4<f32>';
  /** Loads that fill a vec4u of factors. */
  readonly count: number;
}

/** How the input can be read, or why it cannot: channels must be contiguous, and in aligned groups of four or eight. */
export function inputLoads(p: ImplicitGemm, units: MatrixUnits): InputLoads | string {
  const isHalf = p.elementType === 'f16';
  const width = isHalf && isAligned(p.input, p.channels, 8) ? 8 : 4;
  if (!isAligned(p.input, p.channels, width)) return 'the input has no four channels side by side';
  const type = width === 8 ? 'vec4<u32>' : isHalf ? 'vec2<u32>' : 'vec4<f32>';
  return { width, type, count: lanesPerVector(units) / width };
}

/** True where a layout's channels are contiguous in aligned groups of `width`. */
function isAligned({ offset, g, n, c, y, x }: GroupedLayout, channels: number, width: number): boolean {
  return c === 1 && [channels, offset, g, n, y, x].every((value) => value % width === 0);
}

export function inputBinding(loads: InputLoads): Binding {
  return { name: 'input', access: 'read', type: `array<${loads.type}>` };
}

/** Integers below a count. */
export function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

/** Vectors of input and of weights (of one part) that each invocation stages of a slice. */
export function stagingCounts({ tile, units }: MatrixShape): { readonly input: number; readonly weights: number } {
  const threads = matrixThreads(tile, units);
  const each = lanesPerVector(units);
  return { input: (tile.rows * tile.depth) / each / threads, weights: (tile.depth * tile.columns) / each / threads };
}

/** Declares what stays the same over K: where each row that an invocation stages begins, and its share of a slice. */
export function fetchSetup(shape: MatrixShape, loads: InputLoads): string {
  const { tile, units } = shape;
  const each = lanesPerVector(units);
  const across = tile.depth / each;
  const threads = matrixThreads(tile, units);
  const counts = stagingCounts(shape);
  return [
    `let in_unit = local_index % ${across}u;`,
    `let in_row = local_index / ${across}u;`,
    ...range(counts.input).flatMap((i) => [
      `let origin_${i} = origin(group, first_row + in_row + ${(i * threads) / across}u);`,
      ...range(loads.count).map((l) => `var in_${i}_${l} = ${loads.type}();`),
    ]),
    `let w_unit = local_index % ${tile.columns / each}u;`,
    `let w_row = local_index / ${tile.columns / each}u;`,
    `let w_first = (group * params.w_depth + w_row) * params.w_columns + workgroup_id.x * ${tile.columns / each}u + w_unit;`,
    ...range(counts.weights * units.parts).map((i) => `var w_${i} = vec4u();`),
  ].join('\n');
}

/** `origin(group, row)`: where the input of a row begins, and its position there before the first tap. */
export function originCode(p: ImplicitGemm): string {
  if (!p.padded) {
    return `
fn origin(group: u32, row: u32) -> u32 {
  let place = locate(row);
  return params.x_offset + group * params.x_g + place.image * params.x_n + place.out_y * u32(params.stride_y) * params.x_y + place.out_x * u32(params.stride_x) * params.x_x;
}`;
  }
  return `
struct Origin {
  base: u32,
  y: i32,
  x: i32,
}
fn origin(group: u32, row: u32) -> Origin {
  let place = locate(row);
  let y = i32(place.out_y) * params.stride_y - params.pad_top;
  let x = i32(place.out_x) * params.stride_x - params.pad_left;
  let base = params.x_offset + group * params.x_g + place.image * params.x_n;
  return Origin(base + u32(y) * params.x_y + u32(x) * params.x_x, y, x);
}`;
}

/**
 * Where a slice lies in K: its tap and first channel, counted on from slice to slice. Taps are innermost: successive
 * slices read nearly the same input, which the caches then hold.
 */
export function sliceStart({ tile }: MatrixShape): string {
  return [
    'let channel_slice = first_slice / params.taps;',
    'let tap = first_slice - channel_slice * params.taps;',
    `var c = channel_slice * ${tile.depth}u;`,
    'var tap_y = tap / params.kernel_width;',
    'var tap_x = tap - tap_y * params.kernel_width;',
    `var w_at = w_first + first_slice * ${tile.depth}u * params.w_columns;`,
  ].join('\n');
}

export function sliceStep({ tile }: MatrixShape): string {
  return `w_at += ${tile.depth}u * params.w_columns;
tap_x++;
if (tap_x == params.kernel_width) {
tap_x = 0u;
tap_y++;
if (tap_y == params.kernel_height) {
tap_y = 0u;
c += ${tile.depth}u;
}
}`;
}

/** Reads an invocation's share of the slice at hand into registers. */
export function fetchCode(p: ImplicitGemm, shape: MatrixShape, loads: InputLoads): string {
  const { tile, units } = shape;
  const each = lanesPerVector(units);
  const counts = stagingCounts(shape);
  const threads = matrixThreads(tile, units);
  const shift = Math.log2(loads.width);
  const overhangs = p.channels % tile.depth !== 0;
  const step = (threads * each) / tile.columns;
  const base = (i: number): string => (p.padded ? `origin_${i}.base` : `origin_${i}`);
  return [
    'let tap_dy = i32(tap_y) * params.dilation_y;',
    'let tap_dx = i32(tap_x) * params.dilation_x;',
    `let in_c = c + in_unit * ${each}u;`,
    'let in_delta = u32(tap_dy) * params.x_y + u32(tap_dx) * params.x_x + in_c;',
    ...range(counts.input).map((i) => {
      const inside = p.padded
        ? `u32(origin_${i}.y + tap_dy) < u32(params.in_height) && u32(origin_${i}.x + tap_dx) < u32(params.in_width)`
        : '';
      return range(loads.count)
        .map((l) => {
          const load = `in_${i}_${l} = input[(${base(i)} + in_delta + ${l * loads.width}u) >> ${shift}u];`;
          const exists = overhangs ? `in_c + ${l * loads.width}u < params.channels` : '';
          const test = [inside, exists].filter(Boolean).join(' && ');
          return test === '' ? load : `in_${i}_${l} = ${loads.type}();\nif (${test}) {\n${load}\n}`;
        })
        .join('\n');
    }),
    ...range(units.parts).flatMap((part) =>
      range(counts.weights).map((j) => {
        const plane = part === 0 ? '' : ' + params.w_part';
        return `w_${part * counts.weights + j} = weights[w_at + ${j * step}u * params.w_columns${plane}];`;
      }),
    ),
  ].join('\n');
}
