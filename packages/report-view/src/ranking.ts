import * as Plot from '@observablehq/plot';
import type { LayerTime } from '@tessera/runtime';
import { formatMs, shortened, threeDigits } from './format.js';
import { layerText } from './layer-text.js';
import { defaultWidth, type ChartOptions } from './types.js';

/** The layers that take longest, the longest first; `top` of them (20 without it). */
export function rankingChart(
  layers: readonly LayerTime[],
  options: ChartOptions & { readonly top?: number } = {},
): Element {
  const total = layers.reduce((sum, { ms }) => sum + ms, 0);
  const shown = [...layers].sort((a, b) => b.ms - a.ms).slice(0, options.top ?? 20);
  const rows = shown.map((layer, rank) => ({
    ...layer,
    label: `${rank + 1}  ${shortened(layer.name)}`,
    share: `${formatMs(layer.ms)}, ${threeDigits((100 * layer.ms) / total)} %, ${layer.algorithm}`,
    title: layerText(layer),
  }));
  return Plot.plot({
    document: options.document,
    width: options.width ?? defaultWidth,
    height: 40 + 22 * rows.length,
    marginLeft: 250,
    marginRight: 20,
    ariaLabel: 'Layers by time',
    x: { label: 'ms', grid: true, insetRight: 260 },
    y: { label: null, domain: rows.map(({ label }) => label) },
    color: { legend: true, scheme: 'Observable10' },
    marks: [
      Plot.barX(rows, { x: 'ms', y: 'label', fill: 'opType', title: 'title' }),
      Plot.text(rows, { x: 'ms', y: 'label', text: 'share', textAnchor: 'start', dx: 6 }),
    ],
  });
}
