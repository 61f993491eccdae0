import { convBytes, convFlops } from '../geometry.js';
import { implicitConv, isVectorLayout, type ImplicitGemm } from '../implicit.js';
import { blockPacking } from '../packing/blocks.js';
import type { Dispatch, WeightPacking } from '../plan.js';
import type { ConvProblem, DeviceProfile } from '../problem.js';
import { dispatchSeconds, tiledWork } from './cost.js';
import { registerDispatch, registerGrid, type RegisterTile } from './register-kernel.js';
import { chooseTile, tileChoices, tileSeconds, type TileChoice } from './tile-choice.js';
import { gridLimit, partialBytes, tiledDispatches, tiledGrid, tiledShape, tileName } from './tiled-kernel.js';
import type { ConvAlgorithm, Variant } from './types.js';

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
  readsF32: true,
  supports(problem, device) {
    return implicitLimit(implicitConv(problem), device, isConstant(problem)) ?? true;
  },
  cost: (problem, device) => implicitCost(implicitConv(problem), device, convBytes(problem)),
  plan(problem, device) {
    const planned = planImplicit(implicitConv(problem), device, isConstant(problem));
    if (typeof planned === 'string') throw new Error(planned);
    return { algorithm: 'implicit-gemm', ...planned, flops: convFlops(problem), bytes: convBytes(problem) };
  },
  variants: (problem, device) =>
    implicitVariants(implicitConv(problem), device, isConstant(problem), convFlops(problem), convBytes(problem)),
};

function isConstant({ constantWeights = true }: ConvProblem): boolean {
  return constantWeights;
}

/** Every tile and split of K that the device takes, or the one kernel in registers. */
export function implicitVariants(
  p: ImplicitGemm,
  device: DeviceProfile,
  constant: boolean,
  flops: number,
  bytes: number,
): readonly Variant[] {
  const variant = (name: string, seconds: number, plan: () => ImplicitPlan | string): Variant => ({
    name,
    seconds,
    plan() {
      const planned = plan();
      if (typeof planned === 'string') throw new Error(planned);
      return { algorithm: 'implicit-gemm', ...planned, flops, bytes };
    },
  });
  const register = registerTile(p, device, constant);
  if (register) {
    return [variant(registerName(register), implicitCost(p, device, bytes), () => planRegister(p, register, device))];
  }
  return tileChoices(p, device)
    .filter((choice) => !tiledLimit(p, device, constant, choice))
    .map((choice) =>
      variant(choiceName(choice), tileSeconds(p, device, choice, bytes), () => planTiled(p, device, constant, choice)),
    );
}

/** Predicted seconds; `bytes` is what must move at least. */
export function implicitCost(p: ImplicitGemm, device: DeviceProfile, bytes: number): number {
  const tile = registerTile(p, device, true);
  if (tile === undefined) return tileSeconds(p, device, chooseTile(p, device), bytes);
  const kernel = isVectorLayout(p.input, p.channels) ? 'register by four' : 'register by one';
  return dispatchSeconds(
    kernel,
    tiledWork(p, tile.threads * tile.pixels, tile.columns, bytes, tile.pixels * tile.columns),
    device,
  );
}

/** Dispatches, packing and scratch for a problem, or why there can be none. */
export function planImplicit(p: ImplicitGemm, device: DeviceProfile, constant: boolean): ImplicitPlan | string {
  const register = registerTile(p, device, constant);
  return register ? planRegister(p, register, device) : planTiled(p, device, constant, chooseTile(p, device));
}

/** Why `planImplicit` has none, or undefined; without writing kernels. */
export function implicitLimit(p: ImplicitGemm, device: DeviceProfile, constant: boolean): string | undefined {
  const tile = registerTile(p, device, constant);
  if (!tile) return tiledLimit(p, device, constant, chooseTile(p, device));
  return bindingLimit(registerPacking(p, tile), device) ?? gridLimit(registerGrid(p, tile), device);
}

function registerPacking(p: ImplicitGemm, tile: RegisterTile): WeightPacking | undefined {
  return tile.packed ? blockPacking(p, tile.columns, 4 * tile.lanes) : undefined;
}

function planRegister(p: ImplicitGemm, tile: RegisterTile, device: DeviceProfile): ImplicitPlan | string {
  const packing = registerPacking(p, tile);
  const tooLarge = bindingLimit(packing, device);
  if (tooLarge) return tooLarge;
  const dispatch = registerDispatch(p, tile, device);
  if (typeof dispatch === 'string') return dispatch;
  return {
    variant: registerName(tile),
    dispatches: [dispatch],
    scratchByteLength: 0,
    packing,
  };
}

function registerName(tile: RegisterTile): string {
  return `register ${tile.threads}x${tile.pixels}x${tile.columns}`;
}

function choiceName({ tile, splits }: TileChoice): string {
  return tileName(tile) + (splits > 1 ? ` split ${splits}` : '');
}

function planTiled(p: ImplicitGemm, device: DeviceProfile, packed: boolean, choice: TileChoice): ImplicitPlan | string {
  const { tile, splits } = choice;
  const tooLarge = tiledLimit(p, device, packed, choice);
  if (tooLarge) return tooLarge;
  const dispatches = tiledDispatches(p, tiledShape(p, tile, packed, splits), device);
  if (typeof dispatches === 'string') return dispatches;
  return {
    variant: choiceName(choice),
    dispatches,
    scratchByteLength: partialBytes(p, splits),
    packing: packed ? blockPacking(p, tile.columns) : undefined,
  };
}

/** Why a tile is beyond the device, or undefined; without writing its kernels. */
function tiledLimit(
  p: ImplicitGemm,
  device: DeviceProfile,
  packed: boolean,
  { tile, splits }: TileChoice,
): string | undefined {
  const tooLarge = bindingLimit(packed ? blockPacking(p, tile.columns) : undefined, device);
  return tooLarge ?? gridLimit(tiledGrid(p, tile, splits), device);
}

function bindingLimit(packing: WeightPacking | undefined, device: DeviceProfile): string | undefined {
  if (!packing || packing.byteLength <= device.maxStorageBinding) return undefined;
  return `packed weights take ${packing.byteLength} bytes of the ${device.maxStorageBinding} that can be bound`;
}

/** The register kernel's tile where it is the right kernel: CPU adapters with subgroups of one known size. */
function registerTile(p: ImplicitGemm, device: DeviceProfile, packed: boolean): RegisterTile | undefined {
  const { isSoftware, hasSubgroups, subgroupMinSize: lanes, subgroupMaxSize } = device;
  if (!isSoftware || !hasSubgroups || lanes < 2 || lanes !== subgroupMaxSize) return undefined;
  return { threads: lanes, pixels: 4, columns: p.columns <= 8 ? 8 : 16, packed, lanes };
}
