import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { hopper } from '../bench/ladder/hopper.js';
import { replay, within, type TimedRecord } from '../bench/ladder/replay.js';

function record(name: string): TimedRecord {
  const url = new URL(`../../docs/benchmarks/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(url, 'utf8')) as TimedRecord;
}

/** The record, batch and precision, and the share of layers on which the pick must be within 10% of the best. */
const replays = [
  ['tiles-nvidia-h100', 1, 'f32', 0.9],
  ['tiles-nvidia-h100', 8, 'f32', 0.7],
  ['tiles-nvidia-h100', 32, 'f32', 0.9],
  ['tiles-nvidia-h100', 1, 'f16', 0.9],
  ['tiles-nvidia-h100', 8, 'f16', 0.9],
  ['tiles-nvidia-h100', 32, 'f16', 0.9],
  ['ladder-nvidia-h100', 32, 'f16', 0.9],
  ['ladder-nvidia-h100', 32, 'f32', 0.9],
  ['ladder-nvidia-h100', 1, 'f32', 0.9],
] as const;

describe('the chooser on recorded times', () => {
  it('picks as well in the ladder with the ceilings that sessions have by default', () => {
    const { ceilings, layers } = record('ladder-nvidia-h100');
    const replayed = replay(layers, { ...hopper(ceilings), ceilings: undefined });
    expect(replayed.length).toBeGreaterThan(100);
    expect(within(replayed, 1.1)).toBeGreaterThanOrEqual(0.9 * replayed.length);
  });

  for (const [name, batch, elementType, share] of replays) {
    it(`picks well in ${name}, batch ${batch}, ${elementType}`, () => {
      const { ceilings, layers } = record(name);
      const chosen = layers.filter((layer) => layer.batch === batch && layer.elementType === elementType);
      const replayed = replay(chosen, hopper(ceilings));
      expect(replayed.length).toBeGreaterThan(15);
      expect(within(replayed, 1.1)).toBeGreaterThanOrEqual(share * replayed.length);
    });
  }
});
