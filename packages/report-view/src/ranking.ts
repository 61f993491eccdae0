import * as Plot from '@observablehq/plot';
import type { LayerTime } from '@tessera/runtime';
import { categoryOf } from './categories.js';
import { formatMs, quantity, shortenedPath, threeDigits } from './format.js';
import { layerText } from './layer-text.js';
import { chartOptions } from './theme.js';
import { defaultWidth, type ChartOptions } from './types.js';

export const groupings = ['layer', 'operator', 'algorithm'] as const;
export type Grouping = (typeof groupings)[number];

const keyOf: Readonly<Record<Grouping, (layer: LayerTime, index: number) => string>> = {
  layer: (_, index) => String(index),
  operator: ({ opType }) => opType,
  algorithm: ({ algorithm }) => algorithm,
};

function groupText(layers: readonly LayerTime[], key: string, ms: number): string {
  if (layers.length === 1) return layerText(layers[0]);
  const flops = layers.reduce((sum, layer) => sum + layer.flops, 0);
  const rate = flops > 0 ? [quantity((flops / ms) * 1000, 'FLOP/s')] : [];
  return [key, `${layers.length} layers, ${formatMs(ms)}`, ...rate].join('\n');
}

/** Layers, or groups of them, the slowest first; `share` is of the sum, 0 to 1. */
export function rankLayers(layers: readonly LayerTime[], grouping: Grouping) {
  const total = layers.reduce((sum, { ms }) => sum + ms, 0);
  const groups = new Map<string, LayerTime[]>();
  layers.forEach((layer, i) => {
    const key = keyOf[grouping](layer, i);
    groups.set(key, [...(groups.get(key) ?? []), layer]);
  });
  const rows = [...groups].map(([key, members]) => {
    const ms = members.reduce((sum, layer) => sum + layer.ms, 0);
    const label = grouping === 'layer' ? members[0].name : key;
    const share = total > 0 ? ms / total : 0;
    return { key, label, ms, share, category: categoryOf(members[0].opType), title: groupText(members, key, ms) };
  });
  return rows.sort((a, b) => b.ms - a.ms);
}

export interface RankingOptions extends ChartOptions {
  /** Bars shown; 20 without it. */
  readonly top?: number;
  /** What a bar stands for; a layer without it. */
  readonly grouping?: Grouping;
}

/** The layers (or operators, or algorithms) that take longest, the longest first. */
export function rankingChart(layers: readonly LayerTime[], options: RankingOptions = {}): Element {
  const rows = rankLayers(layers, options.grouping ?? 'layer').slice(0, options.top ?? 20);
  const width = options.width ?? defaultWidth;
  const isNarrow = width < 600;
  const labelWidth = Math.min(280, Math.max(120, width * 0.26));
  const labels = new Map(rows.map(({ key, label }) => [key, shortenedPath(label, Math.floor(labelWidth / 7))]));
  return Plot.plot({
    ...chartOptions(
      options,
      layers.map(({ opType }) => opType),
    ),
    height: 52 + 21 * rows.length,
    marginLeft: labelWidth,
    marginRight: isNarrow ? 64 : 130,
    marginTop: 44,
    marginBottom: 8,
    ariaLabel: 'Layers by time',
    x: { label: 'milliseconds on the GPU', axis: 'top', labelOffset: 38, grid: true, domain: [0, rows[0]?.ms || 1] },
    y: {
      domain: rows.map(({ key }) => key),
      label: null,
      tickFormat: (key: string) => labels.get(key) ?? key,
      tickSize: 0,
      padding: 0.22,
    },
    marks: [
      Plot.barX(rows, { x: 'ms', y: 'key', fill: 'category', title: 'title', rx: 2 }),
      Plot.text(rows, {
        x: 'ms',
        y: 'key',
        text: ({ ms, share }) => (isNarrow ? formatMs(ms) : `${formatMs(ms)}, ${threeDigits(100 * share)} %`),
        textAnchor: 'start',
        dx: 6,
      }),
    ],
  });
}
