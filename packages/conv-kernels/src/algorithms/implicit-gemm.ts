import { convBytes, convFlops } from '../geometry.js';
import { implicitConv, isVectorLayout, type ImplicitGemm } from '../implicit.js';
import { blockPacking } from '../packing.js';
import type { Dispatch, WeightPacking } from '../plan.js';
import type { DeviceProfile } from '../problem.js';
import { bandwidth, launchSeconds } from './cost.js';
import { registerDispatch, type RegisterTile } from './register-kernel.js';
import { chooseTile, tileSeconds } from './tile-choice.js';
import { partialBytes, tiledDispatches, tiledShape, tileName } from './tiled-kernel.js';
import type { ConvAlgorithm } from './types.js';

/** What an implicit GEMM comes to: its dispatches, weights and scratch. */
export interface ImplicitPlan {
  readonly variant: string;
  readonly dispatches: readonly Dispatch[];
  readonly scratchByteLength: number;
  readonly packing?: WeightPacking;
}

/** Convolution as one GEMM for each group, K ordered (kernel row, kernel column, channel); no im2col buffer is made. */
export const implicitGemmAlgorithm: ConvAlgorithm = {
  name: 'implicit-gemm',
  supports(problem, device) {
    const planned = planImplicit(implicitConv(problem), device, true);
    return typeof planned === 'string' ? planned : true;
  },
  cost: (problem, device) => implicitCost(implicitConv(problem), device) + convBytes(problem) / bandwidth(device),
  plan(problem, device) {
    const planned = planImplicit(implicitConv(problem), device, true);
    if (typeof planned === 'string') throw new Error(planned);
    return { algorithm: 'implicit-gemm', ...planned, flops: convFlops(problem), bytes: convBytes(problem) };
  },
};

/** Predicted seconds of arithmetic. */
export function implicitCost(p: ImplicitGemm, device: DeviceProfile): number {
  const tile = registerTile(p, device, true);
  if (tile === undefined) return tileSeconds(p, device, chooseTile(p, device));
  const rows = Math.ceil(p.rows / (tile.threads * tile.pixels)) * tile.threads * tile.pixels;
  const columns = Math.ceil(p.columns / tile.columns) * tile.columns;
  const flops = 2 * p.groups * rows * columns * p.channels * p.taps;
  const isVector = isVectorLayout(p.input, p.channels);
  return launchSeconds + flops / (isVector ? 2e10 : 8e9);
}

/** Dispatches, packing and scratch for a problem, or why there can be none. */
export function planImplicit(p: ImplicitGemm, device: DeviceProfile, constant: boolean): ImplicitPlan | string {
  const register = registerTile(p, device, constant);
  return register ? planRegister(p, register, device) : planTiled(p, device, constant);
}

function planRegister(p: ImplicitGemm, tile: RegisterTile, device: DeviceProfile): ImplicitPlan | string {
  const packing = tile.packed ? blockPacking(p, tile.columns, 4 * tile.lanes) : undefined;
  const tooLarge = packing && bindingLimit(packing, device);
  if (tooLarge) return tooLarge;
  const dispatch = registerDispatch(p, tile, device);
  if (typeof dispatch === 'string') return dispatch;
  return {
    variant: `register ${tile.threads}x${tile.pixels}x${tile.columns}`,
    dispatches: [dispatch],
    scratchByteLength: 0,
    packing,
  };
}

function planTiled(p: ImplicitGemm, device: DeviceProfile, packed: boolean): ImplicitPlan | string {
  const { tile, splits } = chooseTile(p, device);
  const packing = packed ? blockPacking(p, tile.columns) : undefined;
  const tooLarge = packing && bindingLimit(packing, device);
  if (tooLarge) return tooLarge;
  const dispatches = tiledDispatches(p, tiledShape(p, tile, packed, splits), device);
  if (typeof dispatches === 'string') return dispatches;
  return {
    variant: tileName(tile) + (splits > 1 ? ` split ${splits}` : ''),
    dispatches,
    scratchByteLength: partialBytes(p, splits),
    packing,
  };
}

function bindingLimit(packing: WeightPacking, device: DeviceProfile): string | undefined {
  if (packing.byteLength <= device.maxStorageBinding) return undefined;
  return `packed weights take ${packing.byteLength} bytes of the ${device.maxStorageBinding} that can be bound`;
}

/** The register kernel's tile where it is the right kernel: CPU adapters with subgroups of one known size. */
function registerTile(p: ImplicitGemm, device: DeviceProfile, packed: boolean): RegisterTile | undefined {
  const { isSoftware, hasSubgroups, subgroupMinSize: lanes, subgroupMaxSize } = device;
  if (!isSoftware || !hasSubgroups || lanes < 2 || lanes !== subgroupMaxSize) return undefined;
  return { threads: lanes, pixels: 4, columns: p.columns <= 8 ? 8 : 16, packed, lanes };
}
