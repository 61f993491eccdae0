import { bandwidth, gpuStartSeconds, launchSeconds } from '../algorithms/cost.js';
import { ceilingsOf, defaultCeilings } from '../ceilings.js';
import type { DeviceProfile } from '../problem.js';
import type { Int8Shape } from './implicit.js';
import { int8Readings, packedInputBytes, type Int8Reading } from './matrix-input.js';
import {
  int8MatrixUnits,
  int8TileFits,
  matrixWeights,
  type Int8MatrixShape,
  type Int8MatrixTile,
} from './matrix-shape.js';

/**
 * A tile, and what its workgroups take on an H100 (MEASUREMENTS.md), in microseconds: `start` for the way to the first product and
 * from the last one to the output, `slice` for each slice of K where the device is nearly empty, and `crowd` more where
 * `resident` workgroups run on each core.
 */
interface TimedTile {
  readonly tile: Int8MatrixTile;
  readonly resident: number;
  readonly start: number;
  readonly slice: number;
  readonly crowd: number;
}

function timed(
  [rows, columns, depth, subgroupRows, subgroupColumns]: readonly [number, number, number, number, number],
  [resident, start, slice, crowd]: readonly [number, number, number, number],
): TimedTile {
  return { tile: { rows, columns, depth, subgroupRows, subgroupColumns }, resident, start, slice, crowd };
}

const tiles: readonly TimedTile[] = [
  timed([128, 128, 128, 64, 32], [1, 5.1, 0.89, 0]),
  timed([128, 64, 64, 32, 32], [2, 3.4, 0.37, 0.21]),
  timed([64, 64, 128, 32, 32], [3, 3.4, 0.34, 0.56]),
  timed([64, 64, 64, 32, 32], [4, 3.1, 0.29, 0.37]),
  timed([32, 64, 128, 16, 32], [4, 2.3, 0.29, 0.55]),
  timed([32, 64, 64, 16, 32], [5, 2.2, 0.25, 0.35]),
  timed([32, 32, 128, 16, 16], [5, 1.7, 0.28, 0.38]),
];

/** How much longer a slice takes by a way to read the input than by sixteen bytes at a time; that of `quads` was not timed. */
const readingFactors = { vectors: 1, packed: 1, quads: 1.5, words: 2 } as const satisfies Record<Int8Reading, number>;

/** Times the bytes of packing over those of a copy. */
const packingFactor = 2;

/** One way to run a problem on matrix units. */
export interface Int8MatrixChoice {
  readonly matrices: Int8MatrixShape;
  readonly reading: Int8Reading;
  /** Predicted. */
  readonly seconds: number;
}

/** Every tile and way to read the input that the device takes, or why there is none. */
export function int8MatrixChoices(shape: Int8Shape, device: DeviceProfile): readonly Int8MatrixChoice[] | string {
  const units = int8MatrixUnits(device);
  if (typeof units === 'string') return units;
  const fitting = tiles.filter(({ tile }) => int8TileFits({ tile, units }, device));
  if (fitting.length === 0) return 'no tile of matrices fits the device';
  const limits = fitting.map((entry) => limitOf(shape, entry.tile, device));
  const open = fitting.filter((_, i) => limits[i] === undefined);
  if (open.length === 0) return limits[0]!;
  return open.flatMap((entry) =>
    int8Readings(shape).map((reading): Int8MatrixChoice => {
      const matrices = { tile: entry.tile, units };
      return { matrices, reading, seconds: choiceSeconds(shape, entry, reading, device) };
    }),
  );
}

/** Why a tile is beyond the device for this problem, or undefined. */
function limitOf(shape: Int8Shape, tile: Int8MatrixTile, device: DeviceProfile): string | undefined {
  for (const bytes of [16 * matrixWeights(shape.gemm, tile).vectors, packedInputBytes(shape)]) {
    if (bytes > device.maxStorageBinding) return `${bytes} bytes of the ${device.maxStorageBinding} that can be bound`;
  }
  const grid = int8MatrixGrid(shape, tile);
  const most = device.maxWorkgroupsPerDimension;
  return Math.max(...grid) > most ? `${grid.join('x')} workgroups exceed ${most} a dimension` : undefined;
}

/** Workgroups: tiles of columns, tiles of rows, and groups. */
export function int8MatrixGrid({ gemm }: Int8Shape, tile: Int8MatrixTile): [number, number, number] {
  return [Math.ceil(gemm.columns / tile.columns), Math.ceil(gemm.rows / tile.rows), gemm.groups];
}

/** Waves of workgroups, the last of them a third full in the mean, what must move, and the packing where there is one. */
function choiceSeconds(
  shape: Int8Shape,
  { tile, resident, start, slice, crowd }: TimedTile,
  reading: Int8Reading,
  device: DeviceProfile,
): number {
  const { cores } = ceilingsOf(device);
  const [x, y, z] = int8MatrixGrid(shape, tile);
  const fill = (x * y * z) / (cores * resident);
  const waves = fill <= 1 ? 1 : fill + 0.35;
  const slices = matrixWeights(shape.gemm, tile).slices * readingFactors[reading];
  const one = (start + slices * (slice + crowd * Math.min(1, fill))) * 1e-6 * slowdown(device);
  const packing =
    reading === 'packed'
      ? launchSeconds(device) + gpuStartSeconds + (packingFactor * 5 * packedInputBytes(shape)) / bandwidth(device)
      : 0;
  return launchSeconds(device) + waves * one + shape.bytes / bandwidth(device) + packing;
}

/** How much slower a core's matrix units are than those of the H100, by what f16 matrices reach. */
function slowdown(device: DeviceProfile): number {
  const { matrixFlops, f32Flops, cores } = ceilingsOf(device);
  const nvidia = defaultCeilings.nvidia;
  return nvidia.matrixFlops / nvidia.cores / ((matrixFlops ?? 4 * f32Flops) / cores);
}
