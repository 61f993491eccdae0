import { hasVectorOutput, type GroupedLayout, type ImplicitGemm } from '../../implicit.js';
import type { Dispatch } from '../../plan.js';
import type { DeviceProfile } from '../../problem.js';
import { enables, locateCode, storeFragment } from '../../wgsl/fragments.js';
import { shader, type Param } from '../../wgsl/shader.js';
import { implicitParams } from '../../implicit.js';
import { storeQuad } from '../tiled-kernel.js';
import { sums } from './body.js';
import { range } from './fetch.js';
import type { PackedWeights } from './packing.js';
import { matrixParams, paddedRows } from './params.js';
import { matrixThreads, stageLayout, type MatrixShape } from './shape.js';

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

/**
 * Sums to outputs through workgroup memory: each subgroup lays down some of its rows, and then all invocations take
 * four columns each of a row.
 */
export function storeSums(shape: MatrixShape, vector: boolean): string {
  const { tile, units } = shape;
  const layout = stageLayout(tile, units);
  const rows = layout.sumMatrices * units.m;
  const passes = tile.subgroupRows / rows;
  const quads = tile.columns / 4;
  const bands = tile.rows / tile.subgroupRows;
  const count = (bands * rows * quads) / matrixThreads(tile, units);
  const lines: string[] = [];
  for (const pass of range(passes)) {
    lines.push('workgroupBarrier();');
    for (const { i, j, name } of sums(shape)) {
      const at = i - pass * layout.sumMatrices;
      if (at < 0 || at >= layout.sumMatrices) continue;
      const offset = at * units.m * layout.sumStride + (j * units.n) / 4;
      lines.push(
        `subgroupMatrixStore<row_major>(&stage, sub_row / ${tile.subgroupRows}u * ${rows * layout.sumStride}u + (sub_column >> 2u) + ${offset}u, ${name}, ${layout.sumStride}u);`,
      );
    }
    lines.push(
      'workgroupBarrier();',
      `for (var turn = 0u; turn < ${Math.ceil(count)}u; turn++) {`,
      `let index = turn * ${matrixThreads(tile, units)}u + local_index;`,
      `let band_row = index / ${quads}u;`,
      `let quad = index % ${quads}u;`,
      `let row = first_row + band_row / ${rows}u * ${tile.subgroupRows}u + ${pass * rows}u + band_row % ${rows}u;`,
      `if (${Number.isInteger(count) ? '' : `band_row < ${bands * rows}u && `}row < params.rows) {`,
      `var value = bitcast<vec4f>(stage[band_row * ${layout.sumStride}u + quad]);`,
      'let column = first_column + quad * 4u;',
      units.parts === 2 ? 'value *= unscale * column_scale(group, column);' : '',
      'let place = place_row(row);',
      storeQuad(vector, 'column', 'value'),
      '}',
      '}',
    );
  }
  return lines.filter(Boolean).join('\n');
}

/** `column_scale(group, column)`: what undoes the scales of four columns. */
export const columnScaleCode = `
fn column_scale(group: u32, column: u32) -> vec4f {
  return bitcast<vec4f>(weights[params.w_scales + ((group * params.w_padded_columns + column) >> 2u)]);
}`;

/** Sums of one part of K to scratch, [part][group][row][column] with rows and columns padded to whole tiles. */
export function storePartials(shape: MatrixShape): string {
  const { units } = shape;
  const stride = '(params.w_padded_columns >> 2u)';
  return [
    `let partial_at = (((part * params.groups + group) * params.padded_rows + first_row + sub_row) * params.w_padded_columns + first_column + sub_column) >> 2u;`,
    ...sums(shape).map(({ i, j, name }) => {
      const value = units.parts === 2 ? `subgroupMatrixScalarMultiply(${name}, 1.0f / scale)` : name;
      const at = `partial_at + ${i * units.m}u * ${stride} + ${(j * units.n) / 4}u`;
      return `subgroupMatrixStore<row_major>(&scratch, ${at}, ${value}, ${stride});`;
    }),
  ].join('\n');
}

/** Bytes of partial sums. */
export function partialSumBytes(p: ImplicitGemm, shape: MatrixShape, packed: PackedWeights): number {
  if (shape.parts === 1) return 0;
  return 4 * shape.parts * p.groups * paddedRows(p, shape) * packed.columns;
}

/** Adds the parts of K in order and finishes them. */
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
    label: `implicit-gemm-matrix reduce ${shape.parts}`,
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
  ${range(shape.parts)
    .map((i) => `let part_${i} = scratch[at + ${i}u * step];`)
    .join('\n')}
  let sum = ${range(shape.parts)
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
