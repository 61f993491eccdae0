import * as Plot from '@observablehq/plot';
import type { LayerTime } from '@tessera/runtime';
import { categoryOf } from './categories.js';
import { quantity } from './format.js';
import { layerText } from './layer-text.js';
import { chartOptions } from './theme.js';
import { defaultWidth, type ChartOptions, type RooflineLimits } from './types.js';

/** The arithmetic that a device has, each with its operations a second. */
function roofsOf({ f32Flops, f16Flops, matrixFlops }: RooflineLimits) {
  const known = [
    { name: 'f32', flops: f32Flops },
    { name: 'f16', flops: f16Flops },
    { name: 'matrix units', flops: matrixFlops },
  ];
  return known.flatMap(({ name, flops }) => (flops === undefined ? [] : [{ name, flops }]));
}

/** Powers of ten within a range. */
function decades(low: number, high: number): number[] {
  const first = Math.ceil(Math.log10(low));
  return Array.from({ length: Math.max(0, Math.floor(Math.log10(high)) - first + 1) }, (_, i) => 10 ** (first + i));
}

/** True where a layer has a place under a roofline: it does arithmetic, and was timed. */
export function hasRoofline({ flops, bytes, ms }: LayerTime): boolean {
  return flops > 0 && bytes > 0 && ms > 0;
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
  const dots = layers.filter(hasRoofline).map((layer) => ({
    ms: layer.ms,
    intensity: layer.flops / layer.bytes,
    rate: (layer.flops / layer.ms) * 1000,
    category: categoryOf(layer.opType),
    title: layerText(layer),
  }));
  const roofs = roofsOf(limits).map((roof) => ({ ...roof, ridge: roof.flops / limits.bytes }));
  const intensities = [...dots.map(({ intensity }) => intensity), ...roofs.map(({ ridge }) => ridge)];
  const [from, to] = [Math.min(...intensities) / 2, Math.max(...intensities) * 4];
  const rates = dots.map(({ rate }) => rate);
  const top = Math.max(...roofs.map(({ flops }) => flops), ...rates) * 1.6;
  const bottom = Math.min(from * limits.bytes, ...rates) / 2;
  const ridge = Math.max(...roofs.map((roof) => roof.ridge));
  const width = options.width ?? defaultWidth;
  return Plot.plot({
    ...chartOptions(
      options,
      layers.map(({ opType }) => opType),
    ),
    height: Math.min(460, Math.max(320, width * 0.42)),
    marginLeft: 84,
    marginRight: 24,
    marginBottom: 46,
    ariaLabel: 'Roofline',
    x: {
      type: 'log',
      domain: [from, to],
      label: 'operations a byte',
      labelOffset: 40,
      grid: true,
      ticks: decades(from, to),
      tickFormat: (value: number) => quantity(value, ''),
    },
    y: {
      type: 'log',
      domain: [bottom, top],
      label: null,
      grid: true,
      ticks: decades(bottom, top),
      tickFormat: (value: number) => quantity(value, 'FLOP/s'),
    },
    r: { range: [2.5, 16], domain: [0, Math.max(1e-9, ...dots.map(({ ms }) => ms))] },
    marks: [
      Plot.line(
        [from, ridge].map((x) => [x, x * limits.bytes]),
        { stroke: 'currentColor', strokeWidth: 1.5 },
      ),
      Plot.ruleY(roofs, { x1: 'ridge', x2: () => to, y: 'flops', stroke: 'currentColor', strokeWidth: 1.5 }),
      Plot.text(roofs, {
        x: () => to,
        y: 'flops',
        text: ({ name, flops }) => `${name}: ${quantity(flops, 'FLOP/s')}`,
        textAnchor: 'end',
        dy: -8,
      }),
      Plot.text([Math.sqrt(from * ridge)], {
        x: (x) => x,
        y: (x) => x * limits.bytes,
        text: () => `memory: ${quantity(limits.bytes, 'B/s')}`,
        textAnchor: 'end',
        dx: -10,
        dy: -6,
      }),
      Plot.dot(dots, {
        x: 'intensity',
        y: 'rate',
        r: 'ms',
        fill: 'category',
        stroke: 'category',
        fillOpacity: 0.75,
        title: 'title',
      }),
    ],
  });
}
