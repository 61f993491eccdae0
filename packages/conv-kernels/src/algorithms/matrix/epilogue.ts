import { hasVectorOutput, type GroupedLayout, type ImplicitGemm } from '../../implicit.js';
import type { Dispatch } from '../../plan.js';
import type { DeviceProfile } from '../../problem.js';
import { enables, hasGivenResidual, locateCode, storeFragment } from '../../wgsl/fragments.js';
import { shader, type Param } from '../../wgsl/shader.js';
import { implicitParams } from '../../implicit.js';
import { storeQuad } from '../tiled-kernel.js';
import { range } from './fetch.js';
import type { PackedWeights } from './packing.js';
import { matrixParams } from './params.js';
import { matrixThreads, stageLayout, sums, type MatrixShape } from './shape.js';

/**
 * The problem with its output (and residual) as one long row of pixels, where it lies so: then no row needs a division
 * to be placed. Undefined where it does not.
 */
export function linearOutput(p: ImplicitGemm): ImplicitGemm | undefined {
  const output = linearLayout(p, p.output);
  const residual = p.residual && linearLayout(p, p.residual);
  if (!output || (p.residual && !residual)) return undefined;
  return { ...p, output, residual };
}

function linearLayout(p: ImplicitGemm, layout: GroupedLayout): GroupedLayout | undefined {
  const { outWidth: w, outHeight: h, batch } = p;
  const { n, y, x } = layout;
  const step = w > 1 ? x : h > 1 ? y : n;
  const isLinear = (h === 1 || y === w * step) && (batch === 1 || n === h * w * step);
  return isLinear ? { ...layout, n: 0, y: 0, x: step } : undefined;
}

/** `place_row(row)`: where a row of the output lies. */
export function placeRowCode(isLinear: boolean): string {
  return `
fn place_row(row: u32) -> Place {
  return ${isLinear ? 'Place(0u, 0u, row)' : 'locate(row)'};
}`;
}

/** How the sums of a workgroup pass through workgroup memory, some rows of each subgroup at a time. */
interface Passage {
  readonly passes: number;
  /** Rows of each band (the subgroups side by side) in a pass. */
  readonly rows: number;
  /** Quads of columns that an invocation takes in a pass, one below the other. */
  readonly turns: number;
  /** Laid rows from one of its quads to the next. */
  readonly step: number;
}

function passage({ tile, units }: MatrixShape): Passage {
  const rows = stageLayout(tile, units).sumMatrices * units.m;
  const step = matrixThreads(tile, units) / (tile.columns / 4);
  const turns = ((tile.rows / tile.subgroupRows) * rows) / step;
  return { passes: tile.subgroupRows / rows, rows, turns, step };
}

/**
 * Declares which quad of columns an invocation takes in all passes, and in which laid row it begins. To be declared where it is
 * needed: from one place to the next it would take registers.
 */
function ownQuad({ tile }: MatrixShape): string[] {
  const quads = tile.columns / 4;
  return [`let quad = local_index % ${quads}u;`, `let own_row = local_index / ${quads}u;`];
}

const ownColumn = 'let column = first_column + quad * 4u;';

/** Lays the rows of a pass down in workgroup memory. */
function layDown(shape: MatrixShape, pass: number, prefix: string): string[] {
  const { tile, units } = shape;
  const layout = stageLayout(tile, units);
  const { rows } = passage(shape);
  const first = `sub_row / ${tile.subgroupRows}u * ${rows * layout.sumStride}u + (sub_column >> 2u)`;
  const stores = sums(shape).flatMap(({ i, j, name }) => {
    const at = i - pass * layout.sumMatrices;
    if (at < 0 || at >= layout.sumMatrices) return [];
    const offset = at * units.m * layout.sumStride + (j * units.n) / 4;
    return [`subgroupMatrixStore<row_major>(&stage, ${first} + ${offset}u, ${prefix}${name}, ${layout.sumStride}u);`];
  });
  return ['workgroupBarrier();', ...stores, 'workgroupBarrier();'];
}

/** The sums of a turn, as they lie in workgroup memory. */
function laidQuad({ tile, units }: MatrixShape, turn: number, step: number): string {
  return `bitcast<vec4f>(stage[(own_row + ${turn * step}u) * ${stageLayout(tile, units).sumStride}u + quad])`;
}

/** The row of the output of a turn. */
function outputRow(shape: MatrixShape, pass: number, turn: number): string {
  const { rows, step } = passage(shape);
  const laid = `(own_row + ${turn * step}u)`;
  return `first_row + ${laid} / ${rows}u * ${shape.tile.subgroupRows}u + ${pass * rows}u + ${laid} % ${rows}u`;
}

/** Declares `added`, the bias of the four columns of an invocation; zeros where there is none. */
function ownBias(p: ImplicitGemm, vector: boolean): string[] {
  if (!p.bias) return ['let added = vec4f();'];
  const read = (l: number): string =>
    vector
      ? 'added = bias[(group * params.bias_g + column) >> 2u];'
      : `added[${l}] = bias[group * params.bias_g + column + ${l}u];`;
  return [
    'var added = vec4f();',
    ...range(vector ? 1 : 4).map((l) => `if (column + ${l}u < params.columns) {\n${read(l)}\n}`),
  ];
}

/** Sums to outputs: all invocations take four columns each of the rows laid down. */
export function storeSums(p: ImplicitGemm, shape: MatrixShape, vector: boolean): string {
  const { passes, turns, step } = passage(shape);
  return [
    ...ownQuad(shape),
    ownColumn,
    ...ownBias(p, vector),
    ...range(passes).flatMap((pass) => [
      ...readResiduals(p, shape, vector, [pass]),
      ...layDown(shape, pass, ''),
      '{',
      ...range(turns).map((turn) => `let laid_${turn} = ${laidQuad(shape, turn, step)};`),
      ...range(turns).map((turn) => storeRow(p, shape, vector, pass, turn, `laid_${turn}`)),
      '}',
    ]),
  ].join('\n');
}

/**
 * Declares the residuals that an invocation adds in some passes. All are read before anything is stored, since reads wait for the
 * stores before them, which may be of the same memory.
 */
function readResiduals(p: ImplicitGemm, shape: MatrixShape, vector: boolean, passes: readonly number[]): string[] {
  if (!hasGivenResidual(p, vector)) return [];
  return passes.flatMap((pass) =>
    range(passage(shape).turns).map((turn) => {
      const row = `row_${pass}_${turn}`;
      const rest = `rest_${pass}_${turn}`;
      return `let ${row} = ${outputRow(shape, pass, turn)};
var ${rest} = vec4f();
if (${row} < params.rows && column < params.columns) {
${rest} = read_residual(group, place_row(${row}), column);
}`;
    }),
  );
}

function storeRow(
  p: ImplicitGemm,
  shape: MatrixShape,
  vector: boolean,
  pass: number,
  turn: number,
  value: string,
): string {
  const rest = hasGivenResidual(p, vector) ? `, rest_${pass}_${turn}` : '';
  return [
    '{',
    `let row = ${outputRow(shape, pass, turn)};`,
    'if (row < params.rows) {',
    'let place = place_row(row);',
    `let value = ${value};`,
    vector
      ? `store(group, place, column, value, added${rest});`
      : range(4)
          .map((l) => `store(group, place, column + ${l}u, value[${l}], added[${l}]);`)
          .join('\n'),
    '}',
    '}',
  ].join('\n');
}

/** Names of an invocation's totals: the quads it takes in all passes. */
export function totals(shape: MatrixShape): string[] {
  const { passes, turns } = passage(shape);
  return range(passes).flatMap((pass) => range(turns).map((turn) => `total_${pass}_${turn}`));
}

/** Adds the sums of a name's prefix, with the input's scale undone, to the totals. */
export function addTotals(shape: MatrixShape, prefix: string): string {
  const { passes, turns, step } = passage(shape);
  return [
    '{',
    ...ownQuad(shape),
    ...range(passes).flatMap((pass) => [
      ...layDown(shape, pass, prefix),
      ...range(turns).map((turn) => `total_${pass}_${turn} += ${laidQuad(shape, turn, step)} * unscale;`),
    ]),
    '}',
  ].join('\n');
}

/** Totals to outputs, with the columns' scales undone. */
export function storeTotals(p: ImplicitGemm, shape: MatrixShape, vector: boolean): string {
  const { passes, turns } = passage(shape);
  return [
    ...ownQuad(shape),
    ownColumn,
    ...ownBias(p, vector),
    'let own_scale = column_scale(group, column);',
    ...readResiduals(p, shape, vector, range(passes)),
    ...range(passes).flatMap((pass) =>
      range(turns).map((turn) => storeRow(p, shape, vector, pass, turn, `total_${pass}_${turn} * own_scale`)),
    ),
  ].join('\n');
}

/** `column_scale(group, column)`: what undoes the scales of four columns. */
export const columnScaleCode = `
fn column_scale(group: u32, column: u32) -> vec4f {
  return bitcast<vec4f>(weights[params.w_scales + ((group * params.w_padded_columns + column) >> 2u)]);
}`;

/** Sums of a workgroup's part of K to scratch, [split][group][row][column] with rows and columns padded to whole tiles. */
export function storePartials(shape: MatrixShape): string {
  const { units } = shape;
  const stride = '(params.w_padded_columns >> 2u)';
  const start = '(split * params.groups + group) * params.padded_rows';
  if (units.parts === 2) {
    const { passes, turns } = passage(shape);
    const store = (pass: number, turn: number): string => {
      const at = `((${start} + ${outputRow(shape, pass, turn)}) * params.w_padded_columns + column) / 4u`;
      return `scratch[${at}] = total_${pass}_${turn};`;
    };
    const stores = range(passes).flatMap((pass) => range(turns).map((turn) => store(pass, turn)));
    return [...ownQuad(shape), ownColumn, ...stores].join('\n');
  }
  return [
    `let partial_at = ((${start} + first_row + sub_row) * params.w_padded_columns + first_column + sub_column) >> 2u;`,
    ...sums(shape).map(({ i, j, name }) => {
      const at = `partial_at + ${i * units.m}u * ${stride} + ${(j * units.n) / 4}u`;
      return `subgroupMatrixStore<row_major>(&scratch, ${at}, ${name}, ${stride});`;
    }),
  ].join('\n');
}

/** Adds the partial sums in order and finishes them. */
export function reduceParts(
  p: ImplicitGemm,
  shape: MatrixShape,
  packed: PackedWeights,
  device: DeviceProfile,
): Dispatch {
  const placed = linearOutput(p);
  const vector = hasVectorOutput(p);
  const store = storeFragment(placed ?? p, vector);
  const isSplit = shape.units.parts === 2;
  const threads = 128;
  const quads = packed.columns / 4;
  const blocks = Math.ceil((p.rows * quads) / threads);
  const gridX = Math.min(blocks, device.maxWorkgroupsPerDimension);
  const params: Param[] = [
    ...implicitParams(placed ?? p),
    ...matrixParams(p, shape, packed),
    { name: 'quads', type: 'u32', value: quads },
    { name: 'grid_x', type: 'u32', value: gridX },
  ];
  const kernel = shader({
    label: `implicit-gemm-matrix reduce ${shape.splits}`,
    enables: enables(p.elementType),
    bindings: [
      { name: 'scratch', access: 'read', type: 'array<vec4<f32>>' },
      ...(isSplit ? [{ name: 'weights', access: 'read', type: 'array<vec4<u32>>' } as const] : []),
      ...store.bindings,
    ],
    params,
    workgroupSize: [threads, 1, 1],
    declarations: [
      locateCode,
      placeRowCode(placed !== undefined),
      isSplit ? columnScaleCode : '',
      store.declarations,
    ].join('\n'),
    body: `
  let index = (workgroup_id.y * params.grid_x + workgroup_id.x) * ${threads}u + local_index;
  let group = workgroup_id.z;
  let row = index / params.quads;
  let quad = index - row * params.quads;
  if (row >= params.rows) {
    return;
  }
  let step = params.groups * params.padded_rows * params.quads;
  let at = (group * params.padded_rows + row) * params.quads + quad;
  ${range(shape.splits)
    .map((i) => `let part_${i} = scratch[at + ${i}u * step];`)
    .join('\n')}
  let sum = ${range(shape.splits)
    .map((i) => `part_${i}`)
    .join(' + ')};
  let column = quad * 4u;
  let value = ${isSplit ? 'sum * column_scale(group, column)' : 'sum'};
  let place = place_row(row);
  ${storeQuad(vector, 'column', 'value')}`,
  });
  return {
    kernel,
    workgroups: [gridX, Math.ceil(blocks / gridX), p.groups],
    params,
    operands: ['scratch', ...(isSplit ? (['weights'] as const) : []), ...store.operands],
  };
}
