import { putHalves } from '../../half.js';
import type { ImplicitGemm } from '../../implicit.js';
import type { WeightPacking } from '../../plan.js';
import { powerOfTwoScale, putSplitHalves, splitRow } from './halves.js';
import type { MatrixTile, MatrixUnits } from './shape.js';
import { lanesPerVector } from './shape.js';

/** Where packed weights lie; in vec4u. */
export interface PackedWeights {
  readonly columns: number;
  /** Rows of K of one group, the channels padded to whole slices. */
  readonly depth: number;
  /** Of one part (the high or the low halves) of all groups. */
  readonly part: number;
  /** Where the columns' scales begin, f32; only with two parts. */
  readonly scales: number;
  readonly total: number;
}

/** The layout of packed weights for a tile. */
export function packedLayout(p: ImplicitGemm, tile: MatrixTile, units: MatrixUnits): PackedWeights {
  const columns = Math.ceil(p.columns / tile.columns) * tile.columns;
  const depth = p.taps * Math.ceil(p.channels / tile.depth) * tile.depth;
  const part = (p.groups * depth * columns) / lanesPerVector(units);
  const scales = units.parts * part;
  return { columns, depth, part, scales, total: scales + (units.parts === 2 ? (p.groups * columns) / 4 : 0) };
}

/**
 * Weights as [part][group][slice of channels][tap][channel of the slice][column], channels and columns padded with zeros to
 * whole tiles. With two
 * parts each column is scaled by a power of two so that its largest value is near the top of f16's range, taken apart
 * by `highHalf` and `lowHalf`, and what undoes the scales follows as one f32 a column.
 */
export function matrixPacking(p: ImplicitGemm, tile: MatrixTile, units: MatrixUnits): WeightPacking {
  const layout = packedLayout(p, tile, units);
  const { g, n, c, t } = p.weights;
  const kind = units.parts === 2 ? 'split' : units.type;
  return {
    key: `matrix-${kind}-${tile.depth}-${p.groups}x${p.taps}x${p.channels}x${p.columns}/${layout.columns}-${g}.${n}.${c}.${t}`,
    byteLength: 16 * layout.total,
    pack: (values) => packMatrix(p, tile, units, values),
  };
}

/** Columns packed side by side, so that whole lines of the cache are written. */
const block = 32;

function packMatrix(
  p: ImplicitGemm,
  tile: MatrixTile,
  units: MatrixUnits,
  values: Float32Array,
): Uint32Array<ArrayBuffer> {
  const layout = packedLayout(p, tile, units);
  const words = new Uint32Array(4 * layout.total);
  const scales = new Float32Array(words.buffer, 16 * layout.scales);
  const { g, n, c, t } = p.weights;
  const order: Order = {
    format: units.parts === 2 ? 'split' : units.type,
    channels: p.channels,
    taps: p.taps,
    slice: tile.depth,
    width: layout.columns,
    lowAt: 8 * layout.part,
    columnStride: n,
    channelStride: c,
    tapStride: t,
  };
  const factors = new Float32Array(block).fill(1);
  for (let group = 0; group < p.groups; group++) {
    for (let first = 0; first < p.columns; first += block) {
      const count = Math.min(block, p.columns - first);
      const start = group * g + first * n;
      for (let j = 0; j < count && units.parts === 2; j++) {
        factors[j] = powerOfTwoScale(largestFinite(order, values, start + j * n));
        scales[group * layout.columns + first + j] = 1 / factors[j];
      }
      packColumns(order, values, start, factors, count, words.buffer, group * layout.depth * layout.columns + first);
    }
  }
  return words;
}

/**
 * Where the weights of a group lie and go. The loops over all weights take this one kind of object and are functions of
 * the module, so that an engine compiles them once, and not for each kind of problem anew.
 */
interface Order {
  readonly format: 'split' | 'f16' | 'f32';
  readonly channels: number;
  readonly taps: number;
  /** Channels of a slice. */
  readonly slice: number;
  /** Elements of a packed row. */
  readonly width: number;
  /** From a high half to its low half. */
  readonly lowAt: number;
  readonly columnStride: number;
  readonly channelStride: number;
  readonly tapStride: number;
}

/** Writes `count` columns, the first of them at `start` of the values, each scaled, from an element of the packed weights on. */
function packColumns(
  { format, channels, taps, slice, width, lowAt, columnStride, channelStride, tapStride }: Order,
  values: Float32Array,
  start: number,
  factors: Float32Array,
  count: number,
  out: ArrayBuffer,
  first: number,
): void {
  const row = splitRow(block);
  const scaled = row.values.values;
  const floats = new Float32Array(out);
  const halves = new Uint16Array(out);
  for (let channel = 0; channel < channels; channel++) {
    const firstRow = Math.floor(channel / slice) * taps * slice + (channel % slice);
    for (let tap = 0; tap < taps; tap++) {
      const from = start + channel * channelStride + tap * tapStride;
      const at = first + (firstRow + tap * slice) * width;
      gather(values, from, columnStride, factors, count, scaled);
      if (format === 'split') putSplitHalves(row, count, halves, at, at + lowAt);
      else if (format === 'f16') putHalves(row.values, count, halves, at);
      else for (let j = 0; j < count; j++) floats[at + j] = scaled[j];
    }
  }
}

/** Every `stride`-th value from `from` on, scaled. */
function gather(
  values: Float32Array,
  from: number,
  stride: number,
  factors: Float32Array,
  count: number,
  out: Float32Array,
): void {
  for (let j = 0; j < count; j++) out[j] = values[from + j * stride] * factors[j];
}

/** The largest finite magnitude of the column that begins at `from`. */
function largestFinite(
  { channels, taps, channelStride, tapStride }: Order,
  values: Float32Array,
  from: number,
): number {
  let most = 0;
  for (let channel = 0; channel < channels; channel++) {
    for (let tap = 0; tap < taps; tap++) {
      const value = Math.abs(values[from + channel * channelStride + tap * tapStride]);
      if (value > most && value < Infinity) most = value;
    }
  }
  return most;
}
