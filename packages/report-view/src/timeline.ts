import * as Plot from '@observablehq/plot';
import type { Profile } from '@tessera/runtime';
import { formatMs } from './format.js';
import { layerText } from './layer-text.js';
import { defaultWidth, type ChartOptions } from './types.js';

interface Span {
  readonly lane: string;
  readonly kind: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly title: string;
}

/** One profiled run on a time axis: what the host did, and every dispatch on the GPU, coloured by operator. */
export function timelineChart({ timeline, layers }: Profile, options: ChartOptions = {}): Element {
  const host = timeline.host.map(({ name, startMs, endMs }): Span => ({
    lane: 'Host',
    kind: name,
    startMs,
    endMs,
    title: `${name}, ${formatMs(endMs - startMs)}`,
  }));
  const gpu = timeline.gpu.map(({ layer, kernel, startMs, endMs }): Span => {
    const { opType } = layers[layer];
    const title = `${layerText(layers[layer])}\n${kernel}, ${formatMs(endMs - startMs)}`;
    return { lane: 'GPU', kind: opType, startMs, endMs, title };
  });
  return Plot.plot({
    document: options.document,
    width: options.width ?? defaultWidth,
    height: 170,
    marginLeft: 50,
    ariaLabel: 'Timeline of one profiled run',
    x: { label: 'ms from the start of the run', grid: true },
    y: { label: null, domain: ['Host', 'GPU'] },
    color: { legend: true, scheme: 'Observable10' },
    marks: [
      Plot.barX([...host, ...gpu], {
        x1: 'startMs',
        x2: 'endMs',
        y: 'lane',
        fill: 'kind',
        title: 'title',
        insetLeft: 0.25,
        insetRight: 0.25,
      }),
    ],
  });
}
