import type { ProfiledLayer, ProfileReport } from './types.js';

export const GROUPINGS = ['layer', 'operator', 'algorithm'] as const;
export type Grouping = (typeof GROUPINGS)[number];

export const ORDERS = ['time', 'order', 'name', 'flops', 'rate', 'roofline'] as const;
export type Order = (typeof ORDERS)[number];

/** Layers that a table shows as one line. */
export interface Row {
  readonly key: string;
  readonly layers: readonly ProfiledLayer[];
  readonly totalMs: number;
  readonly averageMs: number;
  readonly medianMs: number;
  readonly share: number;
  readonly flops: number;
  readonly bytes: number;
  readonly roofline: number | null;
}

const keyOf: Readonly<Record<Grouping, (layer: ProfiledLayer, index: number) => string>> = {
  layer: (_, index) => String(index),
  operator: (layer) => layer.opType,
  algorithm: (layer) => layer.algorithm,
};

function rowOf(key: string, layers: readonly ProfiledLayer[]): Row {
  const sum = (value: (layer: ProfiledLayer) => number) => layers.reduce((total, layer) => total + value(layer), 0);
  const medianMs = sum(({ ms }) => ms);
  const known = layers.filter(({ roofline }) => roofline !== null);
  const knownMs = known.reduce((total, { ms }) => total + ms, 0);
  return {
    key,
    layers,
    totalMs: sum(({ totalMs }) => totalMs),
    averageMs: sum(({ averageMs }) => averageMs),
    medianMs,
    share: sum(({ share }) => share),
    flops: sum(({ flops }) => flops),
    bytes: sum(({ bytes }) => bytes),
    roofline: knownMs > 0 ? known.reduce((least, { ms, roofline }) => least + ms * roofline!, 0) / knownMs : null,
  };
}

const rate = ({ flops, medianMs }: Row) => (medianMs > 0 ? flops / medianMs : 0);

const compare: Readonly<Record<Order, (a: Row, b: Row) => number>> = {
  time: (a, b) => b.medianMs - a.medianMs,
  order: () => 0,
  name: (a, b) => nameOf(a).localeCompare(nameOf(b)),
  flops: (a, b) => b.flops - a.flops,
  rate: (a, b) => rate(b) - rate(a),
  roofline: (a, b) => (a.roofline ?? Infinity) - (b.roofline ?? Infinity),
};

const nameOf = ({ layers, key }: Row) => (layers.length === 1 ? layers[0].name : key);

/** Rows in the order asked for: 'order' is that of the run, 'roofline' puts the furthest from it first. */
export function groupLayers({ layers }: ProfileReport, grouping: Grouping, order: Order): Row[] {
  const groups = new Map<string, ProfiledLayer[]>();
  layers.forEach((layer, i) => {
    const key = keyOf[grouping](layer, i);
    groups.set(key, [...(groups.get(key) ?? []), layer]);
  });
  return [...groups].map(([key, members]) => rowOf(key, members)).sort(compare[order]);
}
