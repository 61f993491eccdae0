import * as Plot from '@observablehq/plot';
import type { LayerReport, MemoryReport } from '@tessera/runtime';
import { formatBytes } from './format.js';
import { defaultWidth, type ChartOptions } from './types.js';

/**
 * Which activations lie where, and when: allocations stacked along the vertical axis, dispatches along the horizontal
 * one, each tensor a rectangle coloured by the operator that makes it, and the bytes alive as a line.
 */
export function memoryChart(memory: MemoryReport, layers: readonly LayerReport[], options: ChartOptions = {}): Element {
  let base = 0;
  const tenants = memory.allocations.flatMap(({ bytes, tenants: held }) => {
    const bottom = base;
    base += bytes;
    return held.map((tenant) => {
      const { name, opType } = layers[tenant.layer] ?? { name: 'output', opType: 'Copy' };
      return {
        opType,
        x1: tenant.first,
        x2: tenant.last + 1,
        y1: bottom / 1e6,
        y2: (bottom + tenant.bytes) / 1e6,
        title: `${name}\n${formatBytes(tenant.bytes)}, dispatches ${tenant.first} to ${tenant.last}`,
      };
    });
  });
  const alive = memory.liveBytes.map((bytes, step) => ({ step: step + 0.5, bytes: bytes / 1e6 }));
  return Plot.plot({
    document: options.document,
    width: options.width ?? defaultWidth,
    height: 360,
    marginLeft: 60,
    ariaLabel: 'Memory of the activations over the run',
    x: { label: 'dispatch', domain: [0, Math.max(1, memory.steps)] },
    y: { label: 'MB', grid: true, domain: [0, Math.max(base / 1e6, 1e-6)] },
    color: { legend: true, scheme: 'Observable10' },
    marks: [
      Plot.rect(tenants, {
        x1: 'x1',
        x2: 'x2',
        y1: 'y1',
        y2: 'y2',
        fill: 'opType',
        fillOpacity: 0.75,
        title: 'title',
        inset: 0.5,
      }),
      Plot.line(alive, { x: 'step', y: 'bytes', stroke: 'currentColor', curve: 'step' }),
    ],
  });
}
