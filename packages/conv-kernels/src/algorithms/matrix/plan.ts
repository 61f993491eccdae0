import type { ImplicitGemm } from '../../implicit.js';
import type { DeviceProfile } from '../../problem.js';
import type { ImplicitPlan } from '../implicit-gemm.js';
import { gridLimit } from '../tiled-kernel.js';
import { matrixDispatches, matrixGrid } from './kernel.js';
import { matrixPacking, packedLayout } from './packing.js';
import { partialSumBytes } from './params.js';
import { matrixTileName, type MatrixShape } from './shape.js';

/** A shape as reports name it. */
export function matrixVariantName({ tile, units, splits }: MatrixShape): string {
  const kind = units.parts === 2 ? ' of split f16' : units.type === 'f16' ? ' of f16' : ' of f32';
  return `${matrixTileName(tile)}${kind}${splits > 1 ? ` split ${splits}` : ''}`;
}

/** Why a shape is beyond the device for this problem, or undefined; without writing its kernels. */
export function matrixLimit(p: ImplicitGemm, shape: MatrixShape, device: DeviceProfile): string | undefined {
  const packed = packedLayout(p, shape.tile, shape.units);
  for (const bytes of [16 * packed.total, partialSumBytes(p, shape, packed)]) {
    if (bytes > device.maxStorageBinding) return `${bytes} bytes of the ${device.maxStorageBinding} that can be bound`;
  }
  return gridLimit(matrixGrid(p, shape), device);
}

/** Dispatches, packing and scratch of a problem by a kernel of this shape, or why there can be none. */
export function planMatrixShape(p: ImplicitGemm, shape: MatrixShape, device: DeviceProfile): ImplicitPlan | string {
  const limit = matrixLimit(p, shape, device);
  if (limit) return limit;
  const dispatches = matrixDispatches(p, shape, device);
  if (typeof dispatches === 'string') return dispatches;
  const { tile, units } = shape;
  return {
    variant: matrixVariantName(shape),
    dispatches,
    scratchByteLength: partialSumBytes(p, shape, packedLayout(p, tile, units)),
    packing: matrixPacking(p, tile, units),
  };
}
