import { ceilingsOf } from '../ceilings.js';
import type { ImplicitGemm } from '../implicit.js';
import type { DeviceProfile } from '../problem.js';
import { launchSeconds } from './cost.js';
import { partialBytes, sliceCount, tileMemory, tileThreads, type Tile } from './tiled-kernel.js';

/** A tile, and how many parts K is cut into. */
export interface TileChoice {
  readonly tile: Tile;
  readonly splits: number;
}

/** The tiles there are, and the share of the arithmetic peak each reaches when the device is full. */
export const tiles: readonly { readonly tile: Tile; readonly efficiency: number }[] = [
  { tile: { rows: 128, columns: 128, depth: 32, threadRows: 8, threadColumns: 8 }, efficiency: 0.54 },
  { tile: { rows: 128, columns: 128, depth: 16, threadRows: 8, threadColumns: 8 }, efficiency: 0.5 },
  { tile: { rows: 128, columns: 64, depth: 16, threadRows: 8, threadColumns: 8 }, efficiency: 0.5 },
  { tile: { rows: 64, columns: 64, depth: 16, threadRows: 4, threadColumns: 4 }, efficiency: 0.43 },
  { tile: { rows: 64, columns: 32, depth: 16, threadRows: 4, threadColumns: 4 }, efficiency: 0.3 },
  { tile: { rows: 32, columns: 32, depth: 16, threadRows: 4, threadColumns: 4 }, efficiency: 0.25 },
];

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

/** The fastest tile and split of K by tileSeconds. */
export function chooseTile(p: ImplicitGemm, device: DeviceProfile): TileChoice {
  const seconds = (choice: TileChoice): number => tileSeconds(p, device, choice);
  return tileChoices(p, device).reduce((best, choice) => (seconds(choice) < seconds(best) ? choice : best));
}

/** Each part keeps at least four slices, no part is empty, and the partial sums can be bound. */
function canSplit(p: ImplicitGemm, { tile, splits }: TileChoice, device: DeviceProfile): boolean {
  const slices = sliceCount(p, tile.depth);
  const each = Math.ceil(slices / splits);
  return each >= 4 && each * (splits - 1) < slices && partialBytes(p, splits) <= device.maxStorageBinding;
}

/**
 * Predicted seconds: waves of workgroups, each as long as one workgroup's tile on a core that it shares with another
 * (one alone does not hide its own latency), and the traffic of partial sums.
 */
export function tileSeconds(p: ImplicitGemm, device: DeviceProfile, { tile, splits }: TileChoice): number {
  const { cores, f32Flops, bytes } = ceilingsOf(device);
  const efficiency = tiles.find((entry) => entry.tile === tile)?.efficiency ?? 0.2;
  const count = Math.ceil(p.rows / tile.rows) * Math.ceil(p.columns / tile.columns) * p.groups * splits;
  const slices = Math.ceil(sliceCount(p, tile.depth) / splits);
  const one = (2 * tile.rows * tile.columns * tile.depth * slices) / ((f32Flops / cores) * efficiency);
  const rounds = count <= cores ? 1.5 : Math.max(2, count / cores + 0.5);
  const reduce = splits > 1 ? launchSeconds(device) + (2 * partialBytes(p, splits)) / bytes : 0;
  return launchSeconds(device) + one * rounds + reduce;
}
