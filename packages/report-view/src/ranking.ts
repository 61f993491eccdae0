import * as Plot from '@observablehq/plot';
import type { LayerTime } from '@tessera/runtime';
import { formatMs, shortened, threeDigits } from './format.js';
import { layerText } from './layer-text.js';
import { defaultWidth, type ChartOptions } from './types.js';

/** How much of a row its name and what stands after its bar may take, in letters, facts and pixels. */
interface Room {
  readonly letters: number;
  readonly facts: number;
  readonly left: number;
  readonly right: number;
}

const narrow = 600;
const small: Room = { letters: 16, facts: 1, left: 120, right: 60 };
const large: Room = { letters: 34, facts: 3, left: 250, right: 260 };

/** The layers that take longest, the longest first; `top` of them (20 without it). */
export function rankingChart(
  layers: readonly LayerTime[],
  options: ChartOptions & { readonly top?: number } = {},
): Element {
  const width = options.width ?? defaultWidth;
  const room = width < narrow ? small : large;
  const total = layers.reduce((sum, { ms }) => sum + ms, 0);
  const shown = [...layers].sort((a, b) => b.ms - a.ms).slice(0, options.top ?? 20);
  const rows = shown.map((layer, rank) => ({
    ...layer,
    label: `${rank + 1}  ${shortened(layer.name, room.letters)}`,
    share: [formatMs(layer.ms), `${threeDigits((100 * layer.ms) / total)} %`, layer.algorithm]
      .slice(0, room.facts)
      .join(', '),
    title: layerText(layer),
  }));
  return Plot.plot({
    document: options.document,
    width,
    height: 40 + 22 * rows.length,
    marginLeft: room.left,
    marginRight: 20,
    ariaLabel: 'Layers by time',
    x: { label: 'ms', grid: true, insetRight: room.right },
    y: { label: null, domain: rows.map(({ label }) => label) },
    color: { legend: true, scheme: 'Observable10' },
    marks: [
      Plot.barX(rows, { x: 'ms', y: 'label', fill: 'opType', title: 'title' }),
      Plot.text(rows, { x: 'ms', y: 'label', text: 'share', textAnchor: 'start', dx: 6 }),
    ],
  });
}
