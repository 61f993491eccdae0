import type { ImplicitGemm } from '../../implicit.js';
import type { DeviceProfile } from '../../problem.js';
import type { ImplicitPlan } from '../implicit-gemm.js';
import { partialSumBytes } from './epilogue.js';
import { matrixDispatches } from './kernel.js';
import { matrixPacking, packedLayout } from './packing.js';
import { matrixSlices, matrixTileName, type MatrixShape, type MatrixTile, type MatrixUnits } from './shape.js';

/** Terms of K that may be summed by matrix units in one chain before f32 takes over, where fp32 accuracy is wanted. */
export const maxChain = 576;

/** The shape of a kernel: with split operands, K is cut into parts of at most `maxChain`. */
export function matrixShape(p: ImplicitGemm, tile: MatrixTile, units: MatrixUnits, splits: number): MatrixShape {
  const slices = matrixSlices(p, tile.depth);
  const chains = units.parts === 2 ? Math.ceil(slices / Math.floor(maxChain / tile.depth)) : 1;
  return { tile, units, splits, parts: splits * Math.ceil(chains / splits) };
}

/** Dispatches, packing and scratch of a problem by a kernel of this shape, or why there can be none. */
export function planMatrixShape(p: ImplicitGemm, shape: MatrixShape, device: DeviceProfile): ImplicitPlan | string {
  const { tile, units } = shape;
  const dispatches = matrixDispatches(p, shape, device);
  if (typeof dispatches === 'string') return dispatches;
  const packing = matrixPacking(p, tile, units);
  const scratchByteLength = partialSumBytes(p, shape, packedLayout(p, tile, units));
  for (const bytes of [packing.byteLength, scratchByteLength]) {
    if (bytes > device.maxStorageBinding) return `${bytes} bytes of the ${device.maxStorageBinding} that can be bound`;
  }
  const kind = units.parts === 2 ? ' of split f16' : '';
  return {
    variant: `${matrixTileName(tile)}${kind}${shape.parts > 1 ? ` split ${shape.splits}/${shape.parts}` : ''}`,
    dispatches,
    scratchByteLength,
    packing,
  };
}
