import type { ImplicitGemm } from '../../implicit.js';
import type { Param } from '../../wgsl/shader.js';
import type { PackedWeights } from './packing.js';
import { lanesPerVector, matrixSlices, type MatrixShape } from './shape.js';

/** What the kernels of this family take beside the uniform values of every implicit GEMM. Strides in vec4u. */
export function matrixParams(p: ImplicitGemm, shape: MatrixShape, packed: PackedWeights): Param[] {
  const each = lanesPerVector(shape.units);
  const slices = matrixSlices(p, shape.tile.depth);
  return Object.entries({
    slices,
    slices_per_part: Math.ceil(slices / shape.parts),
    groups: p.groups,
    w_depth: packed.depth,
    w_columns: packed.columns / each,
    w_part: packed.part,
    w_scales: packed.scales,
    w_padded_columns: packed.columns,
    padded_rows: paddedRows(p, shape),
  }).map(([name, value]) => ({ name, type: 'u32', value }));
}

/** Rows padded to whole tiles. */
export function paddedRows(p: ImplicitGemm, { tile }: MatrixShape): number {
  return Math.ceil(p.rows / tile.rows) * tile.rows;
}
