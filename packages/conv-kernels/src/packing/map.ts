import type { ImplicitGemm } from '../implicit.js';

/** What tells a weight's elements apart. */
export type Coordinate = 'group' | 'column' | 'channel' | 'tap';

/**
 * How packed elements are stored. `split-f16` takes each f32 for a sum of two f16: all high halves, all low halves, and
 * what undoes the columns' scales, one f32 for each group and (padded) column.
 */
export type PackedFormat = 'f32' | 'f16' | 'split-f16';

/** How many values a coordinate takes, and how far apart elements of successive ones lie in the source. */
export interface SourceAxis {
  readonly size: number;
  readonly stride: number;
}

/** A dimension of the packed order: a step along it adds `step` to a coordinate, which may be that of several dimensions. */
export interface PackedAxis {
  readonly coordinate: Coordinate;
  readonly size: number;
  readonly step: number;
}

/**
 * A packing as plain data: the packed elements in row-major order of `axes`, of which there are at most six, zero where a
 * coordinate reaches beyond its size, and `slack` zeros after them.
 */
export interface PackingMap {
  readonly format: PackedFormat;
  /** The source's element at coordinates 0. */
  readonly offset: number;
  readonly source: Readonly<Record<Coordinate, SourceAxis>>;
  /** Outermost first. */
  readonly axes: readonly PackedAxis[];
  readonly slack: number;
}

/** The weights of a problem as the source of a packing: where the file has them. */
export function weightSource({ groups, columns, channels, taps, weights }: ImplicitGemm): PackingMap['source'] {
  return {
    group: { size: groups, stride: weights.g },
    column: { size: columns, stride: weights.n },
    channel: { size: channels, stride: weights.c },
    tap: { size: taps, stride: weights.t },
  };
}

/** Elements of one part. */
export function packedCount({ axes, slack }: PackingMap): number {
  return slack + axes.reduce((count, { size }) => count * size, 1);
}

/** Columns of a group with those that the packed order adds. */
export function paddedColumns({ axes }: PackingMap): number {
  return axes.reduce((count, { coordinate, size }) => (coordinate === 'column' ? count * size : count), 1);
}

/** Where the inverse scales of `split-f16` begin, in words of 4 bytes: after two parts of halves. */
export function scalesAt(map: PackingMap): number {
  return packedCount(map);
}

/** Bytes of the packed weights, whole words. */
export function packedByteLength(map: PackingMap): number {
  const count = packedCount(map);
  if (map.format === 'f32') return 4 * count;
  if (map.format === 'f16') return 4 * Math.ceil(count / 2);
  return 4 * (count + map.source.group.size * paddedColumns(map));
}

/** A text that tells maps apart. */
export function packingKey({ format, offset, source, axes, slack }: PackingMap): string {
  const order = axes.map(({ coordinate, size, step }) => `${coordinate} ${size}*${step}`);
  const strides = Object.values(source).map(({ size, stride }) => `${size}:${stride}`);
  return `${format} ${order.join(' ')}+${slack} of ${offset} ${strides.join(' ')}`;
}
