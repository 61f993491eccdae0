import { ceilingsOf } from '../ceilings.js';
import { elementBytes } from '../geometry.js';
import { isVectorLayout, type ImplicitGemm } from '../implicit.js';
import type { DeviceProfile } from '../problem.js';
import { gpuStartSeconds, launchSeconds } from './cost.js';
import { partialBytes, sliceCount, tileMemory, tileThreads, type Tile } from './tiled-kernel.js';

/** A tile, and how many parts K is cut into. */
export interface TileChoice {
  readonly tile: Tile;
  readonly splits: number;
}

/** A tile, and the share of the arithmetic peak that it reaches when the device is full. */
interface TimedTile {
  readonly tile: Tile;
  readonly efficiency: number;
  /** How many times more a residual is moved than once: threads of many outputs are too few on a core to hide its loads. */
  readonly residual: number;
}

function timed(
  [rows, columns, depth, threadRows, threadColumns]: readonly [number, number, number, number, number],
  efficiency: number,
  residual: number,
): TimedTile {
  return { tile: { rows, columns, depth, threadRows, threadColumns }, efficiency, residual };
}

/** The tiles there are, as measured on an H100 (MEASUREMENTS.md). */
export const tiles: readonly TimedTile[] = [
  timed([128, 128, 32, 8, 8], 0.6, 2.2),
  timed([128, 128, 16, 8, 8], 0.54, 2.2),
  timed([128, 64, 16, 8, 8], 0.56, 2.2),
  timed([64, 64, 16, 4, 4], 0.53, 0),
  timed([64, 32, 16, 4, 4], 0.49, 0),
  timed([32, 32, 16, 4, 4], 0.45, 0),
];

/** What is left of the efficiency where channels are read one at a time, and where elements are f16. */
const scalarFactor = 0.69;
const halfFactor = 0.87;

/** The share of what must move that arithmetic does not hide. */
const movingShare = 0.8;

/** Every tile and split of K that the device takes; the smallest tile where none fits. */
export function tileChoices(p: ImplicitGemm, device: DeviceProfile): readonly TileChoice[] {
  const fitting = tiles
    .map(({ tile }) => tile)
    .filter((tile) => tileThreads(tile) <= device.maxInvocationsPerWorkgroup)
    .filter((tile) => tileMemory(tile) <= device.maxWorkgroupStorage);
  const choices = fitting.flatMap((tile) => [1, 2, 4, 8, 16].map((splits) => ({ tile, splits })));
  const allowed = choices.filter((choice) => choice.splits === 1 || canSplit(p, choice, device));
  return allowed.length > 0 ? allowed : [{ tile: tiles[tiles.length - 1].tile, splits: 1 }];
}

/** The fastest tile and split of K by tileSeconds; what must move is the same for all. */
export function chooseTile(p: ImplicitGemm, device: DeviceProfile): TileChoice {
  const seconds = (choice: TileChoice): number => tileSeconds(p, device, choice, 0);
  return tileChoices(p, device).reduce((best, choice) => (seconds(choice) < seconds(best) ? choice : best));
}

/** Each part keeps at least four slices, no part is empty, and the partial sums can be bound. */
function canSplit(p: ImplicitGemm, { tile, splits }: TileChoice, device: DeviceProfile): boolean {
  const slices = sliceCount(p, tile.depth);
  const each = Math.ceil(slices / splits);
  return each >= 4 && each * (splits - 1) < slices && partialBytes(p, splits) <= device.maxStorageBinding;
}

/**
 * Predicted seconds: waves of workgroups, each as long as one workgroup's tile on a core that it shares with others
 * (one alone hardly hides its own latency), the bytes that must move, and the traffic of partial sums.
 */
export function tileSeconds(
  p: ImplicitGemm,
  device: DeviceProfile,
  { tile, splits }: TileChoice,
  bytes: number,
): number {
  const ceilings = ceilingsOf(device);
  const { cores } = ceilings;
  const { efficiency, residual } = tiles.find((entry) => entry.tile === tile)!;
  const reading = isVectorLayout(p.input, p.channels) ? 1 : scalarFactor;
  const rate = (ceilings.f32Flops / cores) * efficiency * reading * (p.elementType === 'f16' ? halfFactor : 1);
  const count = Math.ceil(p.rows / tile.rows) * Math.ceil(p.columns / tile.columns) * p.groups * splits;
  const slices = Math.ceil(sliceCount(p, tile.depth) / splits);
  const one = (2 * tile.rows * tile.columns * tile.depth * slices) / rate;
  const rounds = count <= cores ? 1.1 : Math.max(2, count / cores + 0.15);
  const residualBytes = p.residual ? p.groups * p.rows * p.columns * elementBytes(p.elementType) : 0;
  const moving = (movingShare * bytes + residual * residualBytes) / ceilings.bytes;
  const start = launchSeconds(device) + (device.isSoftware ? 0 : gpuStartSeconds);
  const reduce = splits > 1 ? start + (2 * partialBytes(p, splits)) / ceilings.bytes : 0;
  return start + one * rounds + moving + reduce;
}
