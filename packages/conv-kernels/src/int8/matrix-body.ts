import { stepSlice } from '../algorithms/matrix/fetch.js';
import type { Int8Shape } from './implicit.js';
import { declareInput, loadInput, outsideCode, readInput, stagedInput, type Int8Reading } from './matrix-input.js';
import { int8MatrixThreads, int8Stage, int8StagingCounts, type Int8MatrixShape } from './matrix-shape.js';

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

/**
 * The kernel: slice by slice of one tap's channels through workgroup memory, the next on its way to registers while one is
 * multiplied, then the sums the same way to the epilogue.
 */
export function int8MatrixBody(shape: Int8Shape, s: Int8MatrixShape, reading: Int8Reading): string {
  const { tile, units } = s;
  const across = tile.columns / tile.subgroupColumns;
  const counts = int8StagingCounts(s);
  const vectors = tile.depth / 16;
  const threads = int8MatrixThreads(s);
  const fetch = `{\n${fetchCode(shape, s, reading)}\n}`;
  return [
    'let group = workgroup_id.z;',
    `let first_row = workgroup_id.y * ${tile.rows}u;`,
    `let first_column = workgroup_id.x * ${tile.columns}u;`,
    `let sub_row = (subgroup_id / ${across}u) * ${tile.subgroupRows}u;`,
    `let sub_column = (subgroup_id % ${across}u) * ${tile.subgroupColumns}u;`,
    `let unit = local_index % ${vectors}u;`,
    `let line = local_index / ${vectors}u;`,
    outsideCode(shape, reading),
    ...range(counts.input).flatMap((i) => [
      `let origin_${i} = origin(group, first_row + line + ${(i * threads) / vectors}u);`,
      declareInput(reading, i),
    ]),
    ...range(counts.weights).map((j) => `var w_${j} = vec4u();`),
    `var w_at = (group * params.slices * params.w_columns + first_column + line) * ${vectors}u + unit;`,
    ...sums(s).map(({ name }) => `var ${name} = ${sumType(s)}();`),
    'var c = 0u;',
    'var tap_y = 0u;',
    'var tap_x = 0u;',
    fetch,
    'for (var slice = 0u; slice < params.slices; slice++) {',
    'workgroupBarrier();',
    stageCode(shape, s, reading),
    'workgroupBarrier();',
    'if (slice + 1u < params.slices) {',
    stepSlice(`params.w_columns * ${s.tile.depth / 16}u`, s.tile.depth),
    fetch,
    '}',
    ...range(tile.depth / units.k).map((step) => productCode(s, step)),
    '}',
    storeCode(s),
  ].join('\n');
}

function sumType({ units }: Int8MatrixShape): string {
  return `subgroup_matrix_result<i32, ${units.n}, ${units.m}>`;
}

/** The sums of a subgroup: matrix i, j of its share. */
function sums({ tile, units }: Int8MatrixShape): readonly { i: number; j: number; name: string }[] {
  return range(tile.subgroupRows / units.m).flatMap((i) =>
    range(tile.subgroupColumns / units.n).map((j) => ({ i, j, name: `sum_${i}_${j}` })),
  );
}

/** Reads an invocation's share of the slice at hand into registers. Beyond the last channel the weights are zeros, so that any input will do. */
function fetchCode(shape: Int8Shape, s: Int8MatrixShape, reading: Int8Reading): string {
  const { padded } = shape.gemm;
  const counts = int8StagingCounts(s);
  const isWhole = readInput(shape, reading).channels % s.tile.depth === 0;
  return [
    'let tap_dy = i32(tap_y) * params.dilation_y;',
    'let tap_dx = i32(tap_x) * params.dilation_x;',
    'let in_c = c + unit * 16u;',
    'let in_delta = u32(tap_dy) * params.x_y + u32(tap_dx) * params.x_x + in_c;',
    ...range(counts.input).map((i) => {
      const inside = padded
        ? `u32(origin_${i}.y + tap_dy) < u32(params.in_height) && u32(origin_${i}.x + tap_dx) < u32(params.in_width)`
        : '';
      return loadInput(reading, i, `origin_${i}${padded ? '.base' : ''} + in_delta`, inside, isWhole);
    }),
    ...range(counts.weights).map((j) => `w_${j} = weight_words[w_at + ${j * int8MatrixThreads(s)}u];`),
  ].join('\n');
}

function stageCode(shape: Int8Shape, s: Int8MatrixShape, reading: Int8Reading): string {
  const { stride, weights } = int8Stage(s);
  const counts = int8StagingCounts(s);
  const step = (int8MatrixThreads(s) / (s.tile.depth / 16)) * stride;
  return [
    ...range(counts.input).map(
      (i) => `stage[line * ${stride}u + unit + ${i * step}u] = ${stagedInput(shape, reading, i)};`,
    ),
    ...range(counts.weights).map((j) => `stage[line * ${stride}u + unit + ${weights + j * step}u] = w_${j};`),
  ].join('\n');
}

/** The products of one step of K: rows of the input (l) by columns of the weights (r), both with channels innermost. */
function productCode(s: Int8MatrixShape, step: number): string {
  const { m, n, k } = s.units;
  const { stride, weights } = int8Stage(s);
  const rows = range(s.tile.subgroupRows / m);
  return [
    ...rows.map(
      (i) =>
        `let l_${step}_${i} = subgroupMatrixLoad<subgroup_matrix_left<i8, ${k}, ${m}>, row_major>(&stage, sub_row * ${stride}u + ${i * m * stride + (step * k) / 16}u, ${stride}u);`,
    ),
    ...range(s.tile.subgroupColumns / n).flatMap((j) => [
      `let r_${step}_${j} = subgroupMatrixLoad<subgroup_matrix_right<i8, ${n}, ${k}>, col_major>(&stage, sub_column * ${stride}u + ${weights + j * n * stride + (step * k) / 16}u, ${stride}u);`,
      ...rows.map(
        (i) => `sum_${i}_${j} = subgroupMatrixMultiplyAccumulate(l_${step}_${i}, r_${step}_${j}, sum_${i}_${j});`,
      ),
    ]),
  ].join('\n');
}

/** Sums through workgroup memory, some rows of each subgroup at a time; all invocations then take four columns each. */
function storeCode(s: Int8MatrixShape): string {
  const { tile, units } = s;
  const { sumStride, sumMatrices } = int8Stage(s);
  const threads = int8MatrixThreads(s);
  const rows = sumMatrices * units.m;
  const quads = tile.columns / 4;
  const turns = ((tile.rows / tile.subgroupRows) * rows * quads) / threads;
  const first = `sub_row / ${tile.subgroupRows}u * ${rows * sumStride}u + (sub_column >> 2u)`;
  return range(tile.subgroupRows / rows)
    .flatMap((pass) => [
      'workgroupBarrier();',
      ...sums(s).flatMap(({ i, j, name }) => {
        const at = i - pass * sumMatrices;
        if (at < 0 || at >= sumMatrices) return [];
        const offset = at * units.m * sumStride + (j * units.n) / 4;
        return [`subgroupMatrixStore<row_major>(&stage, ${first} + ${offset}u, ${name}, ${sumStride}u);`];
      }),
      'workgroupBarrier();',
      `for (var turn = 0u; turn < ${turns}u; turn++) {`,
      `let index = turn * ${threads}u + local_index;`,
      `let band_row = index / ${quads}u;`,
      `let row = first_row + band_row / ${rows}u * ${tile.subgroupRows}u + ${pass * rows}u + band_row % ${rows}u;`,
      `let column = first_column + index % ${quads}u * 4u;`,
      'if (row < params.rows && column < params.columns) {',
      'let filter_sums = bitcast<vec4i>(weight_words[params.sums_at + ((group * params.w_columns + column) >> 2u)]);',
      `let exact = bitcast<vec4i>(stage[band_row * ${sumStride}u + index % ${quads}u]);`,
      'store_quad(group, place_row(row), column, exact - input_zero() * filter_sums);',
      '}',
      '}',
    ])
    .join('\n');
}
