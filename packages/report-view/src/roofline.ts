import * as Plot from '@observablehq/plot';
import type { LayerTime } from '@tessera/runtime';
import { layerText } from './layer-text.js';
import { defaultWidth, type ChartOptions, type RooflineLimits } from './types.js';

interface Roof {
  readonly name: string;
  /** Operations a second. */
  readonly flops: number;
}

function roofs({ f32Flops, f16Flops, matrixFlops }: RooflineLimits): Roof[] {
  const known = [
    { name: 'f32', flops: f32Flops },
    { name: 'f16', flops: f16Flops },
    { name: 'matrix units', flops: matrixFlops },
  ];
  return known.filter((roof): roof is Roof => roof.flops !== undefined);
}

/**
 * The roofline (Williams, Waterman and Patterson, 2009): each layer's rate over its operations a byte, under the
 * device's measured bandwidth and arithmetic. Layers without arithmetic are left out. Dots are as large as their time.
 */
export function rooflineChart(
  layers: readonly LayerTime[],
  limits: RooflineLimits,
  options: ChartOptions = {},
): Element {
  const dots = layers
    .filter(({ flops, bytes, ms }) => flops > 0 && bytes > 0 && ms > 0)
    .map((layer) => ({
      ...layer,
      intensity: layer.flops / layer.bytes,
      rate: layer.flops / layer.ms / 1e6,
      title: layerText(layer),
    }));
  const tops = roofs(limits);
  const intensities = dots.map(({ intensity }) => intensity);
  const ridges = tops.map(({ flops }) => flops / limits.bytes);
  const from = Math.min(...intensities, ...ridges) / 2;
  const to = Math.max(...intensities, ...ridges) * 2;
  const lines = tops.flatMap(({ name, flops }) =>
    [from, flops / limits.bytes, to].map((x) => ({ name, x, y: Math.min(flops, x * limits.bytes) / 1e9 })),
  );
  return Plot.plot({
    document: options.document,
    width: options.width ?? defaultWidth,
    height: 420,
    marginLeft: 60,
    marginRight: 90,
    ariaLabel: 'Roofline',
    x: { type: 'log', label: 'operations a byte', grid: true },
    y: { type: 'log', label: 'GFLOP/s', grid: true },
    r: { range: [2, 14] },
    color: { legend: true, scheme: 'Observable10' },
    marks: [
      Plot.line(lines, { x: 'x', y: 'y', z: 'name', stroke: 'currentColor', strokeOpacity: 0.6 }),
      Plot.text(
        tops.map(({ name, flops }) => ({ name, x: to, y: flops / 1e9 })),
        { x: 'x', y: 'y', text: 'name', textAnchor: 'start', dx: 6 },
      ),
      Plot.dot(dots, { x: 'intensity', y: 'rate', r: 'ms', fill: 'opType', fillOpacity: 0.7, title: 'title' }),
    ],
  });
}
