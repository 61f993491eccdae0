import { putHalves } from '../half.js';
import type { WeightPacking } from '../plan.js';
import { columnFactors } from './column-scales.js';
import { packedByteLength, packedCount, packingKey, paddedColumns, scalesAt, type PackingMap } from './map.js';
import { putSplitHalves, splitRow, type SplitRow } from './split-halves.js';

/** The packing that a map describes. */
export function mappedPacking(map: PackingMap): WeightPacking {
  return {
    // Read of the packing that is taken, of many that are weighed.
    get key() {
      return packingKey(map);
    },
    byteLength: packedByteLength(map),
    map,
    pack: (values) => packByMap(map, values),
  };
}

/** Values of a row packed at a time, so that whole lines of the cache are written. */
const rowLength = 32;

/**
 * Packs on the host: f32 as a Float32Array, f16 as a Uint16Array, split halves as words. What a device packs by
 * `packingDispatches` has the same bits.
 */
export function packByMap(map: PackingMap, values: Float32Array): ArrayBufferView<ArrayBuffer> {
  const bytes = new ArrayBuffer(packedByteLength(map));
  const { group, column, channel, tap } = map.source;
  const factors = map.format === 'split-f16' ? columnFactors(map, values) : undefined;
  const walk: Walk = {
    format: map.format,
    values,
    axes: map.axes.map(({ coordinate, size, step }) => {
      const index = coordinates.indexOf(coordinate);
      return { index, size, step, stride: step * map.source[coordinate].stride };
    }),
    sizes: [group.size, column.size, channel.size, tap.size],
    at: [0, 0, 0, 0],
    columns: paddedColumns(map),
    factors: factors ?? new Float32Array(rowLength).fill(1),
    row: splitRow(rowLength),
    floats: new Float32Array(bytes, 0, bytes.byteLength >> 2),
    halves: new Uint16Array(bytes),
    lowAt: packedCount(map),
  };
  const width = map.axes[map.axes.length - 1].size;
  for (let first = 0; first < width; first += rowLength) packRows(walk, 0, map.offset, 0, first);
  if (factors) putScales(map, factors, walk.floats);
  return map.format === 'f32' ? walk.floats : map.format === 'f16' ? walk.halves : new Uint32Array(bytes);
}

const coordinates = ['group', 'column', 'channel', 'tap'] as const;

/**
 * A packing under way. The loops over all weights take this one kind of object and are functions of the module, so that
 * an engine compiles them once, and not for each kind of problem anew.
 */
interface Walk {
  readonly format: PackingMap['format'];
  readonly values: Float32Array;
  /** `stride` in the source, `index` of the coordinate. */
  readonly axes: readonly {
    readonly index: number;
    readonly size: number;
    readonly step: number;
    readonly stride: number;
  }[];
  readonly sizes: readonly number[];
  /** The coordinates, in the order of `coordinates`. */
  readonly at: number[];
  readonly columns: number;
  readonly factors: Float32Array;
  readonly row: SplitRow;
  readonly floats: Float32Array<ArrayBuffer>;
  readonly halves: Uint16Array<ArrayBuffer>;
  /** From a high half to its low half. */
  readonly lowAt: number;
}

/** Packs elements from `first` on of all rows under an axis; `from` in the source, `row` counts the rows packed before. */
function packRows(walk: Walk, axis: number, from: number, row: number, first: number): void {
  const { axes, sizes, at } = walk;
  const { index, size, step, stride } = axes[axis];
  if (axis === axes.length - 1) {
    const left = Math.ceil((sizes[index] - at[index]) / step) - first;
    const count = Math.min(rowLength, size - first, left);
    if (count > 0) packRow(walk, from + first * stride, stride, row * size + first, count, first);
    return;
  }
  if (axis === axes.length - 2 && walk.format === 'f32' && axes[axis + 1].index !== index) {
    const rows = Math.min(size, Math.ceil((sizes[index] - at[index]) / step));
    return copyRows(walk, from, stride, rows, row * size, first);
  }
  const before = at[index];
  for (let i = 0; i < size && at[index] < sizes[index]; i++) {
    packRows(walk, axis + 1, from + i * stride, row * size + i, first);
    at[index] += step;
  }
  at[index] = before;
}

/** Copies f32 elements from `first` on of successive rows, `stride` apart in the source, that `row` rows come before. */
function copyRows(walk: Walk, from: number, stride: number, rows: number, row: number, first: number): void {
  const { values, floats, axes, sizes, at } = walk;
  const inner = axes[axes.length - 1];
  const left = Math.ceil((sizes[inner.index] - at[inner.index]) / inner.step) - first;
  const count = Math.min(rowLength, inner.size - first, left);
  const step = inner.stride;
  for (let i = 0; i < rows; i++) {
    const source = from + i * stride + first * step;
    const to = (row + i) * inner.size + first;
    for (let j = 0; j < count; j++) floats[to + j] = values[source + j * step];
  }
}

function packRow(walk: Walk, from: number, stride: number, to: number, count: number, first: number): void {
  const { format, values, floats, halves, factors, row, at, columns, lowAt } = walk;
  const factor = format === 'split-f16' ? at[0] * columns + at[1] + first : 0;
  const target = row.values.values;
  for (let j = 0; j < count; j++) target[j] = values[from + j * stride] * factors[factor + j];
  if (format === 'split-f16') putSplitHalves(row, count, halves, to, to + lowAt);
  else if (format === 'f16') putHalves(row.values, count, halves, to);
  else for (let j = 0; j < count; j++) floats[to + j] = target[j];
}

/** The inverse scales of all columns that are not padding. */
function putScales(map: PackingMap, factors: Float32Array, out: Float32Array): void {
  const { group, column } = map.source;
  const columns = paddedColumns(map);
  for (let g = 0; g < group.size; g++) {
    for (let n = 0; n < column.size; n++) out[scalesAt(map) + g * columns + n] = 1 / factors[g * columns + n];
  }
}
