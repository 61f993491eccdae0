import { fromHalf } from '@tessera/conv-kernels';
import { expect, it } from 'vitest';
import { timingValues } from '../src/device/timing-operands.js';

/** The largest magnitudes of the input that kernels of split operands sum only once (conv-kernels' matrix/range.ts). */
const summedOnce = [2 ** -3, 4094] as const;

it('gives input that no kernel sums twice, in every piece that a workgroup may take', () => {
  const values = new Float32Array(timingValues('input', 2 ** 19).buffer);
  for (let at = 0; at < values.length; at += 256) {
    const most = Math.max(...values.subarray(at, at + 256));
    expect(most).toBeGreaterThan(summedOnce[0]);
    expect(most).toBeLessThan(summedOnce[1]);
  }
});

it('gives halves whose longest sums stay in range, and that differ', () => {
  const [input, weights] = (['input', 'weights'] as const).map((name) =>
    [...timingValues(name, 2 ** 15)].map(fromHalf),
  );
  const mean = input.reduce((sum, value, i) => sum + value * weights[i], 0) / input.length;
  expect(mean * 51 * 51 * 16).toBeLessThan(65504);
  expect(Math.min(...input, ...weights)).toBeGreaterThan(0);
  expect(new Set(input).size).toBeGreaterThan(500);
});
