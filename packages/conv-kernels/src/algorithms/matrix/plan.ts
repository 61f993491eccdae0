import type { ImplicitGemm } from '../../implicit.js';
import type { DeviceProfile } from '../../problem.js';
import type { ImplicitPlan } from '../implicit-gemm.js';
import { partialSumBytes } from './epilogue.js';
import { matrixDispatches } from './kernel.js';
import { matrixPacking, packedLayout } from './packing.js';
import { matrixTileName, type MatrixShape } from './shape.js';

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
    variant: `${matrixTileName(tile)}${kind}${shape.splits > 1 ? ` split ${shape.splits}` : ''}`,
    dispatches,
    scratchByteLength,
    packing,
  };
}
