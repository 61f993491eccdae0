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

/** How the invocations share the staging of an operand's rows: all of them take `step` rows at a time, `count` times. */
export interface Staging {
  readonly step: number;
  readonly count: number;
  /** What an invocation must test the last time, where the rows do not suffice for all of them. */
  readonly lastTest?: string;
}

/** How the rows of the input and those of the weights (of one part) of a slice are staged. */
export function stagings({ tile, units }: MatrixShape): { readonly input: Staging; readonly weights: Staging } {
  const vectors = matrixThreads(tile, units) * lanesPerVector(units);
  const share = (row: string, rows: number, width: number): Staging => {
    const step = vectors / width;
    const count = Math.ceil(rows / step);
    return { step, count, lastTest: rows % step === 0 ? undefined : `${row} < ${rows - (count - 1) * step}u` };
  };
  return { input: share('in_row', tile.rows, tile.depth), weights: share('w_row', tile.depth, tile.columns) };
}

/** A statement about the i-th rows, under its test where it has one. */
export function tested({ count, lastTest }: Staging, i: number, statement: string): string {
  return lastTest === undefined || i + 1 < count ? statement : `if (${lastTest}) {\n${statement}\n}`;
}

/** Declares what stays the same over K: where each row that an invocation stages begins, and its share of a slice. */
export function fetchSetup(shape: MatrixShape, loads: InputLoads): string {
  const { tile, units } = shape;
  const each = lanesPerVector(units);
  const across = tile.depth / each;
  const { input, weights } = stagings(shape);
  return [
    `let in_unit = local_index % ${across}u;`,
    `let in_row = local_index / ${across}u;`,
    ...range(input.count).flatMap((i) => [
      `let origin_${i} = origin(group, first_row + in_row + ${i * input.step}u);`,
      ...range(loads.count).map((l) => `var in_${i}_${l} = ${loads.type}();`),
    ]),
    ...(weights.lastTest ? [`let w_row = local_index / ${tile.columns / each}u;`] : []),
    `let w_first = (group * params.w_columns + workgroup_id.x * ${tile.columns / each}u) * params.w_depth + local_index;`,
    ...range(weights.count * units.parts).map((i) => `var w_${i} = vec4u();`),
  ].join('\n');
}

/**
 * `origin(group, row)`: where the input of a row begins, and its position there before the first tap; counted in vectors of
 * 2^shift elements, into which the input falls.
 */
export function originCode(p: ImplicitGemm, shift = 0): string {
  const stride = (name: string): string => (shift === 0 ? `params.${name}` : `(params.${name} >> ${shift}u)`);
  const image = `${stride('x_offset')} + group * ${stride('x_g')} + place.image * ${stride('x_n')}`;
  if (!p.padded) {
    return `
fn origin(group: u32, row: u32) -> u32 {
  let place = locate(row);
  return ${image} + place.out_y * u32(params.stride_y) * ${stride('x_y')} + place.out_x * u32(params.stride_x) * ${stride('x_x')};
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
  let base = ${image};
  return Origin(base + u32(y) * ${stride('x_y')} + u32(x) * ${stride('x_x')}, y, x);
}`;
}

/** Vectors of packed weights (of one part) in a slice of a tile's columns. */
function sliceVectors({ tile, units }: MatrixShape): number {
  return (tile.depth * tile.columns) / lanesPerVector(units);
}

/**
 * Where a slice lies in K: its tap and first channel, counted on from slice to slice. Taps are innermost: successive
 * slices read nearly the same input, which the caches then hold.
 */
export function sliceStart(shape: MatrixShape): string {
  return [
    'let channel_slice = first_slice / params.taps;',
    'let tap = first_slice - channel_slice * params.taps;',
    `var c = channel_slice * ${shape.tile.depth}u;`,
    'var tap_y = tap / params.kernel_width;',
    'var tap_x = tap - tap_y * params.kernel_width;',
    `var w_at = w_first + first_slice * ${sliceVectors(shape)}u;`,
  ].join('\n');
}

export function sliceStep(shape: MatrixShape): string {
  return stepSlice(`${sliceVectors(shape)}u`, shape.tile.depth);
}

/**
 * Steps to the next slice, of `depth` channels of a tap; its weights lie `weights` vectors (WGSL) further on. Taps are
 * innermost: successive slices read nearly the same input, which the caches then hold.
 */
export function stepSlice(weights: string, depth: number): string {
  return `w_at += ${weights};
tap_x++;
if (tap_x == params.kernel_width) {
tap_x = 0u;
tap_y++;
if (tap_y == params.kernel_height) {
tap_y = 0u;
c += ${depth}u;
}
}`;
}

/** Statements by which an invocation reads its share of the slice at hand into registers: what comes first, and then those of each vector. */
export interface Fetch {
  readonly first: readonly string[];
  readonly vectors: readonly string[];
}

export function fetchSteps(p: ImplicitGemm, shape: MatrixShape, loads: InputLoads): Fetch {
  const { tile, units } = shape;
  const each = lanesPerVector(units);
  const { input, weights } = stagings(shape);
  const shift = Math.log2(loads.width);
  return {
    first: [
      'let tap_dy = i32(tap_y) * params.dilation_y;',
      'let tap_dx = i32(tap_x) * params.dilation_x;',
      `let in_c = c + in_unit * ${each}u;`,
      `let in_delta = (u32(tap_dy) * params.x_y + u32(tap_dx) * params.x_x + in_c) >> ${shift}u;`,
    ],
    vectors: [
      ...range(input.count).map((i) =>
        range(loads.count)
          .map((l) => inputLoad(p, shape, loads, i, l))
          .join('\n'),
      ),
      ...range(units.parts).flatMap((part) =>
        range(weights.count).map((j) => {
          const at = (j * weights.step * tile.columns) / each;
          const plane = part === 0 ? '' : ' + params.w_part';
          return tested(weights, j, `w_${part * weights.count + j} = weights[w_at + ${at}u${plane}];`);
        }),
      ),
    ],
  };
}

/** One load of a row's input; zeros where there is none. */
function inputLoad(p: ImplicitGemm, shape: MatrixShape, loads: InputLoads, i: number, l: number): string {
  const { input } = stagings(shape);
  const base = p.padded ? `origin_${i}.base` : `origin_${i}`;
  const load = `in_${i}_${l} = input[${base} + in_delta + ${l}u];`;
  const inside = p.padded
    ? `u32(origin_${i}.y + tap_dy) < u32(params.in_height) && u32(origin_${i}.x + tap_dx) < u32(params.in_width)`
    : '';
  const exists = p.channels % shape.tile.depth === 0 ? '' : `in_c + ${l * loads.width}u < params.channels`;
  const belongs = i + 1 < input.count ? '' : input.lastTest;
  const test = [inside, exists, belongs].filter(Boolean).join(' && ');
  return test === '' ? load : `in_${i}_${l} = ${loads.type}();\nif (${test}) {\n${load}\n}`;
}
