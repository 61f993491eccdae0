import { convBytes, convFlops } from '../geometry.js';
import { implicitConv, isVectorLayout, type ImplicitGemm } from '../implicit.js';
import { blockPacking } from '../packing.js';
import type { Dispatch, WeightPacking } from '../plan.js';
import type { DeviceProfile } from '../problem.js';
import { registerDispatch, type RegisterTile } from './register-kernel.js';
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

/** Bytes a second that the cost model counts with. */
export function bandwidth(device: DeviceProfile): number {
  return device.isSoftware ? 4e9 : 5e11;
}

/** Predicted seconds of arithmetic. A group with few columns wastes the rest of its tile. */
export function implicitCost(p: ImplicitGemm, device: DeviceProfile): number {
  const tile = registerTile(p, device, true);
  const rows = Math.ceil(p.rows / 32) * 32;
  const columns = Math.ceil(p.columns / tile.columns) * tile.columns;
  const flops = 2 * p.groups * rows * columns * p.channels * p.taps;
  const rate = device.isSoftware ? 2e10 : 5e12;
  return 5e-6 + flops / (isVectorLayout(p.input, p.channels) ? rate : rate / 2);
}

/** Dispatches, packing and scratch for a problem, or why there can be none. */
export function planImplicit(p: ImplicitGemm, device: DeviceProfile, constant: boolean): ImplicitPlan | string {
  const tile = registerTile(p, device, constant);
  const dispatch = registerDispatch(p, tile, device);
  if (typeof dispatch === 'string') return dispatch;
  return {
    variant: `register ${tile.threads}x${tile.pixels}x${tile.columns}`,
    dispatches: [dispatch],
    scratchByteLength: 0,
    packing: tile.packed ? blockPacking(p, tile.columns) : undefined,
  };
}

function registerTile(p: ImplicitGemm, device: DeviceProfile, packed: boolean): RegisterTile {
  const lanes = packed && device.isSoftware ? subgroupLanes(device) : 1;
  const columns = lanes > 1 ? ([4, 8].find((c) => p.columns <= c) ?? 16) : p.columns <= 4 ? 4 : 8;
  const threads = device.isSoftware ? Math.max(lanes, 8) : 64;
  return { threads, pixels: 4, columns, unroll: 1, packed, lanes };
}

/** The subgroup size where it is one known number, else 1. */
function subgroupLanes(device: DeviceProfile): number {
  const fixed = device.hasSubgroups && device.subgroupMinSize === device.subgroupMaxSize;
  return fixed && device.subgroupMinSize > 1 ? device.subgroupMinSize : 1;
}
