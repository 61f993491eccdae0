import { expect, it } from 'vitest';
import { mergeLadders } from '../bench/ladder/merge.js';
import type { LayerFigures } from '../bench/ladder/measure.js';
import type { LadderReport } from '../bench/ladder/report.js';

function figures(layer: string, batch: number, flops: number): LayerFigures {
  const pick = { algorithm: 'direct', variant: 'direct', predictedSeconds: 1, seconds: 1 };
  return {
    ...{ set: 'resnet50', layer, count: 1, kernel: 1, isDepthwise: false, batch, elementType: 'f32' },
    ...{ flops, bytes: 1, rungs: [pick], pick, left: [] },
  };
}

function report(command: string, layers: readonly LayerFigures[]): LadderReport {
  const ceilings = { f32Flops: 1, bytes: 1, launchSeconds: 1, cores: 1 };
  return { date: '2026-11-25', command, adapter: 'A', driver: 'D', ceilings, isProcessorTime: false, layers };
}

it('merges records of one adapter, the last of a layer in the place of the first', () => {
  const first = report('bench --batch 1 --out there', [figures('a', 1, 1), figures('b', 1, 2)]);
  const second = report('bench --batch 8 --write', [figures('b', 8, 3), figures('a', 1, 4)]);
  const merged = mergeLadders([first, second], 'The adapter');
  expect(merged.adapter).toBe('The adapter');
  expect(merged.command).toBe('bench --batch 1; bench --batch 8 --write');
  expect(merged.layers.map(({ layer, batch, flops }) => [layer, batch, flops])).toEqual([
    ['a', 1, 4],
    ['b', 1, 2],
    ['b', 8, 3],
  ]);
  expect(() => mergeLadders([first, { ...second, driver: 'E' }], 'A')).toThrow(/drivers D and E/);
});
