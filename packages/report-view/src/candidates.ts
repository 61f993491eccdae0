import * as Plot from '@observablehq/plot';
import { formatMs, threeDigits } from './format.js';
import { defaultWidth, type Candidate, type ChartOptions } from './types.js';

/** The ways to compute one layer by time, the fastest first, each with how many times it is faster than the slowest. */
export function candidatesChart(candidates: readonly Candidate[], options: ChartOptions = {}): Element {
  const sorted = [...candidates].sort((a, b) => a.ms - b.ms);
  const slowest = sorted.at(-1)?.ms ?? 0;
  const rows = sorted.map((candidate) => ({
    ...candidate,
    kind: candidate.isPick ? 'chosen' : 'other',
    text: `${formatMs(candidate.ms)}, ${threeDigits(slowest / candidate.ms)}×`,
  }));
  return Plot.plot({
    document: options.document,
    width: options.width ?? defaultWidth,
    height: 40 + 26 * rows.length,
    marginLeft: 170,
    ariaLabel: 'Algorithms by time',
    x: { label: 'ms', grid: true, insetRight: 120 },
    y: { label: null, domain: rows.map(({ name }) => name) },
    color: { domain: ['chosen', 'other'], range: ['#17a68c', '#9aa5a1'], legend: true },
    marks: [
      Plot.barX(rows, { x: 'ms', y: 'name', fill: 'kind' }),
      Plot.text(rows, { x: 'ms', y: 'name', text: 'text', textAnchor: 'start', dx: 6 }),
    ],
  });
}
