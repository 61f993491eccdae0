import type { ImplicitGemm } from '../implicit.js';
import { storeQuad, tileThreads, type TiledShape } from './tiled-kernel.js';

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

/** Workgroup memory, and the functions that fetch a vec4 of input (four of K) and of weights (four columns). */
export function tiledDeclarations(p: ImplicitGemm, shape: TiledShape): string {
  const { tile } = shape;
  return [
    `var<workgroup> input_tile: array<vec4f, ${tile.rows * (tile.depth / 4 + 1)}>;`,
    `var<workgroup> weight_tile: array<vec4f, ${(tile.depth * tile.columns) / 4}>;`,
    shape.vectorInput ? vectorInputCode(p) : scalarInputCode(p),
    weightCode(shape),
  ].join('\n');
}

const originCode = `
struct Origin {
  base: u32,
  y: i32,
  x: i32,
}
fn origin(group: u32, row: u32) -> Origin {
  let place = locate(row);
  let base = params.x_offset + group * params.x_g + place.image * params.x_n;
  let y = i32(place.out_y) * params.stride_y - params.pad_top;
  return Origin(base, y, i32(place.out_x) * params.stride_x - params.pad_left);
}`;

/** `c` counts channels inside the tap; a slice of K lies in one tap. */
function vectorInputCode(p: ImplicitGemm): string {
  const inside = p.padded ? ' && y >= 0 && y < params.in_height && x >= 0 && x < params.in_width' : '';
  return `${originCode}
fn fetch_input(o: Origin, tap_y: u32, tap_x: u32, c: u32) -> vec4f {
  let y = o.y + i32(tap_y) * params.dilation_y;
  let x = o.x + i32(tap_x) * params.dilation_x;
  if (c < params.channels${inside}) {
    return vec4f(input[(o.base + u32(y) * params.x_y + u32(x) * params.x_x + c) >> 2u]);
  }
  return vec4f(0.0);
}`;
}

/** `k` counts over all taps and channels. */
function scalarInputCode(p: ImplicitGemm): string {
  const inside = p.padded ? ' && y >= 0 && y < params.in_height && x >= 0 && x < params.in_width' : '';
  return `${originCode}
fn fetch_one(o: Origin, k: u32) -> f32 {
  let tap = k / params.channels;
  let c = k - tap * params.channels;
  let tap_y = tap / params.kernel_width;
  let y = o.y + i32(tap_y) * params.dilation_y;
  let x = o.x + i32(tap - tap_y * params.kernel_width) * params.dilation_x;
  if (tap < params.taps${inside}) {
    return f32(input[o.base + u32(y) * params.x_y + u32(x) * params.x_x + c * params.x_c]);
  }
  return 0.0;
}
fn fetch_input(o: Origin, k: u32) -> vec4f {
  return vec4f(fetch_one(o, k), fetch_one(o, k + 1u), fetch_one(o, k + 2u), fetch_one(o, k + 3u));
}`;
}

/** Weights of four columns at one tap and channel; zero beyond the last channel, so that a last slice may overhang. */
function weightCode({ packed, vectorWeights, tile }: TiledShape): string {
  const address = packed
    ? `((group * params.column_blocks + workgroup_y) * params.taps * params.channels + tap * params.channels + c) * ${tile.columns / 4}u + quad`
    : 'params.w_offset + group * params.w_g + tap * params.w_t + c * params.w_c';
  const column = `let column = workgroup_y * ${tile.columns}u + quad * 4u;`;
  const head = 'fn fetch_weights(group: u32, workgroup_y: u32, tap: u32, c: u32, quad: u32) -> vec4f {';
  const missing = 'if (tap >= params.taps || c >= params.channels) {\n    return vec4f(0.0);\n  }';
  if (packed) return `${head}\n  ${missing}\n  return vec4f(weights[${address}]);\n}`;
  const last = 'params.columns - 1u';
  if (vectorWeights) {
    return `${head}\n  ${missing}\n  ${column}\n  return vec4f(weights[(${address} + min(column, ${last})) >> 2u]);\n}`;
  }
  const element = (l: number): string => `f32(weights[at + min(column + ${l}u, ${last}) * params.w_n])`;
  return `${head}\n  ${missing}\n  ${column}\n  let at = ${address};\n  return vec4f(${range(4).map(element).join(', ')});\n}`;
}

/** The body of the kernel. */
export function tiledBody(shape: TiledShape): string {
  const { tile, splits } = shape;
  const threads = tileThreads(tile);
  const across = tile.columns / tile.threadColumns;
  const quads = tile.threadColumns / 4;
  const inputLoads = (tile.rows * tile.depth) / 4 / threads;
  const weightLoads = (tile.depth * tile.columns) / 4 / threads;
  return [
    splits === 1 ? 'let group = workgroup_id.z;' : 'let group = workgroup_id.z % params.groups;',
    splits === 1 ? 'let split = 0u;' : 'let split = workgroup_id.z / params.groups;',
    `let across = local_index % ${across}u;`,
    `let down = local_index / ${across}u;`,
    'let first_slice = split * params.slices_per_split;',
    'let last_slice = min(first_slice + params.slices_per_split, params.slices);',
    ...range(inputLoads).flatMap((i) => [
      `let in_index_${i} = local_index + ${i * threads}u;`,
      `let in_row_${i} = in_index_${i} / ${tile.depth / 4}u;`,
      `let in_k_${i} = in_index_${i} % ${tile.depth / 4}u;`,
      `let origin_${i} = origin(group, workgroup_id.x * ${tile.rows}u + in_row_${i});`,
      `var next_in_${i} = vec4f(0.0);`,
    ]),
    ...range(weightLoads).flatMap((i) => [
      `let w_index_${i} = local_index + ${i * threads}u;`,
      `let w_k_${i} = w_index_${i} / ${tile.columns / 4}u;`,
      `let w_quad_${i} = w_index_${i} % ${tile.columns / 4}u;`,
      `var next_w_${i} = vec4f(0.0);`,
    ]),
    ...range(tile.threadRows).flatMap((i) => range(quads).map((j) => `var sum_${i}_${j} = vec4f(0.0);`)),
    sliceStart(shape),
    fetchCode(shape, inputLoads, weightLoads, 'first_slice'),
    'for (var slice = first_slice; slice < last_slice; slice++) {',
    'workgroupBarrier();',
    ...range(inputLoads).map((i) => `input_tile[in_row_${i} * ${tile.depth / 4 + 1}u + in_k_${i}] = next_in_${i};`),
    ...range(weightLoads).map((i) => `weight_tile[w_index_${i}] = next_w_${i};`),
    'workgroupBarrier();',
    'if (slice + 1u < last_slice) {',
    sliceStep(shape),
    fetchCode(shape, inputLoads, weightLoads, 'slice + 1u'),
    '}',
    multiplyCode(shape, across, quads),
    '}',
    storeCode(shape, across, quads),
  ].join('\n');
}

/** Where the first slice lies: its tap and channel; counted on from slice to slice, without division. */
function sliceStart({ vectorInput, tile }: TiledShape): string {
  if (!vectorInput) return '';
  return [
    `let slices_per_tap = (params.channels + ${tile.depth - 1}u) / ${tile.depth}u;`,
    'var tap = first_slice / slices_per_tap;',
    `var c = (first_slice - tap * slices_per_tap) * ${tile.depth}u;`,
    'var tap_y = tap / params.kernel_width;',
    'var tap_x = tap - tap_y * params.kernel_width;',
  ].join('\n');
}

function sliceStep({ vectorInput, tile }: TiledShape): string {
  if (!vectorInput) return '';
  return `c += ${tile.depth}u;
if (c >= params.channels) {
c = 0u;
tap++;
tap_x++;
if (tap_x == params.kernel_width) {
tap_x = 0u;
tap_y++;
}
}`;
}

function fetchCode(shape: TiledShape, inputLoads: number, weightLoads: number, slice: string): string {
  if (shape.vectorInput) {
    return [
      ...range(inputLoads).map((i) => `next_in_${i} = fetch_input(origin_${i}, tap_y, tap_x, c + in_k_${i} * 4u);`),
      ...range(weightLoads).map(
        (i) => `next_w_${i} = fetch_weights(group, workgroup_id.y, tap, c + w_k_${i}, w_quad_${i});`,
      ),
    ].join('\n');
  }
  const k = `(${slice}) * ${shape.tile.depth}u`;
  return [
    ...range(inputLoads).map((i) => `next_in_${i} = fetch_input(origin_${i}, ${k} + in_k_${i} * 4u);`),
    ...range(weightLoads).map((i) => {
      const tap = `(${k} + w_k_${i}) / params.channels`;
      return `next_w_${i} = fetch_weights(group, workgroup_id.y, ${tap}, (${k} + w_k_${i}) % params.channels, w_quad_${i});`;
    }),
  ].join('\n');
}

/** Four steps of K a turn: one vec4 of input a row, and four of weights a column quad. */
function multiplyCode({ tile }: TiledShape, across: number, quads: number): string {
  const rows = range(tile.threadRows);
  const columns = range(quads);
  return [
    `for (var k = 0u; k < ${tile.depth / 4}u; k++) {`,
    ...rows.map(
      (i) => `let v_${i} = input_tile[(down + ${(i * tile.rows) / tile.threadRows}u) * ${tile.depth / 4 + 1}u + k];`,
    ),
    ...range(4).flatMap((l) =>
      columns.flatMap((j) => [
        `let w_${l}_${j} = weight_tile[(k * 4u + ${l}u) * ${tile.columns / 4}u + across + ${j * across}u];`,
        ...rows.map((i) => `sum_${i}_${j} = fma(vec4f(v_${i}.${'xyzw'[l]}), w_${l}_${j}, sum_${i}_${j});`),
      ]),
    ),
    '}',
  ].join('\n');
}

function storeCode(shape: TiledShape, across: number, quads: number): string {
  const { tile, splits } = shape;
  const column = (j: number): string => `workgroup_id.y * ${tile.columns}u + (across + ${j * across}u) * 4u`;
  return range(tile.threadRows)
    .map((i) => {
      const row = `workgroup_id.x * ${tile.rows}u + down + ${(i * tile.rows) / tile.threadRows}u`;
      const stores = range(quads).map((j) =>
        splits === 1
          ? storeQuad(shape.vectorOutput, column(j), `sum_${i}_${j}`)
          : `if (${column(j)} < params.columns) {\nscratch[at + ((${column(j)}) >> 2u)] = sum_${i}_${j};\n}`,
      );
      const head =
        splits === 1
          ? 'let place = locate(row);'
          : 'let at = ((split * params.groups + group) * params.rows + row) * ((params.columns + 3u) >> 2u);';
      return `{\nlet row = ${row};\nif (row < params.rows) {\n${head}\n${stores.join('\n')}\n}\n}`;
    })
    .join('\n');
}
