import { ceilingsOf, defaultCeilings } from '../../ceilings.js';
import type { ImplicitGemm } from '../../implicit.js';
import type { DeviceProfile } from '../../problem.js';
import { packedLayout } from './packing.js';
import { partialSumBytes } from './params.js';
import {
  lanesPerVector,
  matrixMemory,
  matrixSlices,
  matrixThreads,
  type MatrixShape,
  type MatrixTile,
  type MatrixUnits,
} from './shape.js';

/**
 * A tile, and what its workgroups take on an H100 by fits to recorded times (MEASUREMENTS.md), in microseconds: `start` for the way
 * to the first product and from the last one to the output, `slice` for each slice of K where the device is nearly
 * empty, and `crowd` more where `resident` workgroups run on each core.
 */
interface TimedTile {
  readonly tile: MatrixTile;
  readonly resident: number;
  readonly start: number;
  readonly slice: number;
  readonly crowd: number;
}

function tile(
  rows: number,
  columns: number,
  depth: number,
  subgroupRows: number,
  subgroupColumns: number,
  [resident, start, slice, crowd]: readonly [number, number, number, number],
): TimedTile {
  return { tile: { rows, columns, depth, subgroupRows, subgroupColumns }, resident, start, slice, crowd };
}

/** The tiles for operands as they are. */
const wholeTiles: readonly TimedTile[] = [
  tile(128, 256, 32, 64, 64, [1, 5.19, 0.875, 0.107]),
  spread(tile(128, 128, 64, 64, 32, [1, 2.49, 0.876, 0.018])),
  spread(tile(96, 128, 64, 48, 64, [1, 4.3, 0.62, 0])),
  spread(tile(96, 128, 64, 48, 32, [1, 2.28, 0.72, 0])),
  spread(tile(48, 128, 64, 48, 32, [1, 2.1, 0.452, 0])),
  tile(256, 64, 64, 64, 32, [1, 3.17, 1.062, 0.01]),
  tile(64, 64, 64, 32, 32, [2, 1.8, 0.242, 0.397]),
  tile(32, 64, 64, 16, 32, [2, 0.75, 0.255, 0.224]),
  tile(32, 32, 128, 16, 16, [2, 0.72, 0.244, 0.65]),
];

/** The tiles for operands that are split in two. */
const splitTiles: readonly TimedTile[] = [
  tile(96, 128, 32, 48, 32, [1, 5.87, 0.889, 0.382]),
  tile(64, 128, 32, 32, 32, [1, 2.7, 0.952, 0.08]),
  tile(64, 64, 32, 32, 32, [2, 2.68, 0.608, 0.483]),
  tile(32, 64, 32, 16, 32, [2, 1.43, 0.401, 0.116]),
];

/** Large tiles of f16 gain from it, whose invocations load much of a slice each. */
function spread(timed: TimedTile): TimedTile {
  return { ...timed, tile: { ...timed.tile, spread: true } };
}

/** Where a sum is over in a few slices there is next to nothing to load beside products, and loops compile sooner. */
function spreadWhereLong(p: ImplicitGemm, tile: MatrixTile, splits: number): MatrixTile {
  const slices = Math.ceil(matrixSlices(p, tile.depth) / splits);
  return tile.spread && slices < leastSpreadSlices ? { ...tile, spread: false } : tile;
}

const leastSpreadSlices = 3;

/** Nobody timed tiles of half the depth: they take what those of whole depth do, and half of that is padding where there are few channels. */
function halfDepth(timed: TimedTile): TimedTile {
  return {
    ...timed,
    tile: { ...timed.tile, depth: timed.tile.depth / 2 },
    start: timed.start * 1.02,
    slice: timed.slice * 1.02,
  };
}

/** The most channels of a problem for which tiles of half the depth are offered, where they are asked for. */
const narrowChannels = 32;

/** A shape of kernel that a device can run, and its predicted seconds. */
export interface MatrixChoice {
  readonly shape: MatrixShape;
  readonly seconds: number;
}

/** Every tile and split of K that the device takes; `narrow` adds tiles of half the depth for few channels. */
export function matrixChoices(
  p: ImplicitGemm,
  units: MatrixUnits,
  device: DeviceProfile,
  narrow = false,
): readonly MatrixChoice[] {
  const timed = units.parts === 2 ? splitTiles : wholeTiles;
  const isNarrow = narrow && units.parts === 1 && p.channels <= narrowChannels;
  const half = isNarrow ? timed.filter((entry) => entry.tile.depth === 64).map(halfDepth) : [];
  return [...timed, ...half]
    .filter((entry) => tileFits(entry.tile, units, device))
    .flatMap((entry) =>
      [1, 2, 4, 8, 16]
        .map((splits): MatrixShape => ({ tile: spreadWhereLong(p, entry.tile, splits), units, splits }))
        .filter((shape) => canSplit(p, shape, device))
        .map((shape) => ({ shape, seconds: shapeSeconds(p, shape, entry, device) })),
    );
}

/**
 * Whether a tile is made of whole matrices, its invocations stage whole rows at a time, each finishes as many sums as the others
 * and all of the same columns, and the device holds it.
 */
function tileFits(t: MatrixTile, units: MatrixUnits, device: DeviceProfile): boolean {
  const threads = matrixThreads(t, units);
  const each = lanesPerVector(units);
  const whole = [
    t.rows / t.subgroupRows,
    t.columns / t.subgroupColumns,
    t.subgroupRows / units.m,
    t.subgroupColumns / units.n,
    t.depth / units.k,
    units.n / each,
    units.k / each,
    (threads * each) / t.depth,
    (threads * each) / t.columns,
    (threads * 4) / t.columns,
    (units.m * t.subgroupColumns) / 4 / units.lanes,
  ];
  return (
    whole.every((value) => value >= 1 && Number.isInteger(value)) &&
    threads <= Math.min(device.maxInvocationsPerWorkgroup, device.maxWorkgroupSizeX) &&
    matrixMemory(t, units) <= device.maxWorkgroupStorage
  );
}

/** Each part of K keeps at least two slices, none is empty, and partial sums can be bound. */
function canSplit(p: ImplicitGemm, shape: MatrixShape, device: DeviceProfile): boolean {
  const { splits } = shape;
  if (splits === 1) return true;
  const slices = matrixSlices(p, shape.tile.depth);
  const each = Math.ceil(slices / splits);
  const bytes = partialSumBytes(p, shape, packedLayout(p, shape.tile, shape.units));
  return each >= 2 && each * (splits - 1) < slices && bytes <= device.maxStorageBinding;
}

/** Predicted seconds: waves of workgroups, and the traffic of partial sums. */
function shapeSeconds(p: ImplicitGemm, shape: MatrixShape, entry: TimedTile, device: DeviceProfile): number {
  const { splits } = shape;
  const { tile: t, resident, start, slice, crowd } = entry;
  const { launchSeconds, cores, bytes } = ceilingsOf(device);
  const count = Math.ceil(p.rows / t.rows) * Math.ceil(p.columns / t.columns) * p.groups * splits;
  const fill = count / (cores * resident);
  const slices = Math.ceil(matrixSlices(p, t.depth) / splits);
  const one = start + slices * (slice + crowd * Math.min(1, fill));
  const partial = partialSumBytes(p, shape, packedLayout(p, t, shape.units));
  const reduce = splits === 1 ? 0 : 1e-6 + launchSeconds + (2 * partial) / bytes;
  return launchSeconds + waves(fill, resident, device) * one * 1e-6 * slowdown(shape.units, device) + reduce;
}

/** How many times a measurement of `cores` there may be of them. */
const measuredCores = 1.04;

/**
 * Waves of workgroups that fill the cores so many times. Where a core has one at a time the last wave takes as long as the
 * others; where it has several, the last is half full in the mean.
 */
function waves(fill: number, resident: number, device: DeviceProfile): number {
  const counted = device.ceilings ? measuredCores : 1;
  if (resident === 1) return Math.max(1, fill, Math.ceil(fill / counted));
  return fill <= 1 ? 1 : fill + 0.35;
}

/**
 * How much slower a core's matrix units are than those that the tiles were timed on. Where nobody measured them, f16
 * matrices count as four times the multiply-adds, and f32 matrices as those.
 */
function slowdown({ type }: MatrixUnits, device: DeviceProfile): number {
  const { matrixFlops, f32Flops, cores } = ceilingsOf(device);
  const timed = defaultCeilings.nvidia;
  const flops = type === 'f32' ? f32Flops : (matrixFlops ?? 4 * f32Flops);
  return timed.matrixFlops / timed.cores / (flops / cores);
}
