import * as Plot from '@observablehq/plot';
import type { LayerReport, MemoryReport } from '@tessera/runtime';
import { categoryOf } from './categories.js';
import { formatBytes } from './format.js';
import { chartOptions } from './theme.js';
import { defaultWidth, type ChartOptions } from './types.js';

/** Each tensor as a rectangle: dispatches along x, bytes along y, the allocations one on another from the bottom. */
function blocksOf(memory: MemoryReport, layers: readonly LayerReport[]) {
  let base = 0;
  return memory.allocations.flatMap(({ bytes, tenants }) => {
    const bottom = base;
    base += bytes;
    return tenants.map(({ layer, bytes: size, first, last }) => {
      const { name, opType } = layers[layer] ?? { name: 'output', opType: 'Copy' };
      const title = `${name}\n${formatBytes(size)}, dispatches ${first} to ${last}`;
      return { category: categoryOf(opType), x1: first, x2: last + 1, y1: bottom, y2: bottom + size, title };
    });
  });
}

/**
 * Which activations lie where, and when: allocations stacked along the vertical axis, dispatches along the horizontal
 * one, each tensor a rectangle coloured by the operator that makes it, and the bytes alive as a line.
 */
export function memoryChart(memory: MemoryReport, layers: readonly LayerReport[], options: ChartOptions = {}): Element {
  const edges = memory.allocations.reduce<number[]>((all, { bytes }) => [...all, (all.at(-1) ?? 0) + bytes], []);
  const alive = [...memory.liveBytes, memory.liveBytes.at(-1) ?? 0].map((bytes, step) => [step, bytes]);
  const width = options.width ?? defaultWidth;
  const position = { x1: 'x1', x2: 'x2', y1: 'y1', y2: 'y2' };
  return Plot.plot({
    ...chartOptions(
      options,
      layers.map(({ opType }) => opType),
    ),
    height: Math.min(380, Math.max(240, width * 0.32)),
    marginLeft: 72,
    marginRight: 24,
    marginBottom: 46,
    ariaLabel: 'Memory of the activations over the run',
    x: { domain: [0, Math.max(1, memory.steps)], label: 'dispatch', labelOffset: 40 },
    y: { domain: [0, Math.max(1, edges.at(-1) ?? 0)], label: null, tickFormat: formatBytes, ticks: 6 },
    marks: [
      Plot.ruleY(edges, { stroke: 'currentColor', strokeOpacity: 0.15 }),
      Plot.rect(blocksOf(memory, layers), {
        ...position,
        fill: 'category',
        fillOpacity: 0.8,
        title: 'title',
        inset: 0.5,
        rx: 1.5,
      }),
      Plot.line(alive, { stroke: 'currentColor', strokeWidth: 1.75, curve: 'step-after' }),
      Plot.ruleY([0]),
    ],
  });
}
