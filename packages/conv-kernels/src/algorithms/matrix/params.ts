import type { ImplicitGemm } from '../../implicit.js';
import type { Param } from '../../wgsl/shader.js';
import type { PackedWeights } from './packing.js';
import { lanesPerVector, matrixSlices, type MatrixShape, type MatrixTile } from './shape.js';

/** What the kernels of this family take beside the uniform values of every implicit GEMM. Strides in vec4u. */
export function matrixParams(p: ImplicitGemm, shape: MatrixShape, packed: PackedWeights): Param[] {
  const each = lanesPerVector(shape.units);
  const slices = matrixSlices(p, shape.tile.depth);
  return Object.entries({
    slices,
    slices_per_split: Math.ceil(slices / shape.splits),
    chain_slices: chainSlices(p, shape.tile),
    attempts: 4,
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
function paddedRows(p: ImplicitGemm, { tile }: MatrixShape): number {
  return Math.ceil(p.rows / tile.rows) * tile.rows;
}

/**
 * Slices of K that the matrix units may sum in one chain, for an error below that of an f32 chain over all of K. Units
 * that cut off what does not fit lose on average half a unit in the last place of the growing sum at each step: a
 * relative error of 1.2e-9 for each term of the chain, against 1.26e-8 * sqrt(K) of an f32 chain of random signs.
 */
export function chainSlices(p: ImplicitGemm, tile: MatrixTile): number {
  const terms = p.channels * p.taps;
  const parts = Math.ceil(terms / (chainFactor * Math.sqrt(terms)));
  return Math.max(1, Math.ceil(matrixSlices(p, tile.depth) / parts));
}

/** Terms of a chain over sqrt(K): below 1.26e-8 / 1.2e-9, with room for the rounding of the first step. */
const chainFactor = 7;

/** Bytes of partial sums. */
export function partialSumBytes(p: ImplicitGemm, shape: MatrixShape, packed: PackedWeights): number {
  if (shape.splits === 1) return 0;
  return 4 * shape.splits * p.groups * paddedRows(p, shape) * packed.columns;
}
