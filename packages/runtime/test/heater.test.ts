import { describe, expect, it } from 'vitest';
import { heater, type HeavyPass } from '../src/device/heater.js';

/** Passes of 0.1 s each, at the rates given in turn and then the last; counts them. */
function passes(rates: readonly number[]): { readonly pass: HeavyPass; readonly count: () => number } {
  let done = 0;
  const pass: HeavyPass = () => {
    const rate = rates[Math.min(done++, rates.length - 1)];
    return Promise.resolve({ seconds: 0.1, work: 0.1 * rate });
  };
  return { pass, count: () => done };
}

describe('heater', () => {
  it('works for a while at first, and goes on while the clock rises', async () => {
    const steady = passes([10]);
    await heater()(steady.pass);
    expect(steady.count()).toBeGreaterThan(2);
    const rising = passes([1, 2, 3, 4, 5, 6, 6, 7]);
    await heater()(rising.pass);
    expect(rising.count()).toBeGreaterThan(steady.count());
  });

  it('takes one pass while the clock is high, and more until it is high again', async () => {
    const heat = heater();
    await heat(passes([4, 6, 8, 10]).pass);
    const high = passes([10]);
    await heat(high.pass);
    expect(high.count()).toBe(1);
    const fallen = passes([4, 5, 9.9, 20]);
    await heat(fallen.pass);
    expect(fallen.count()).toBe(3);
  });

  it('takes a clock that stays low for what the device gives', async () => {
    const heat = heater();
    await heat(passes([10]).pass);
    const slow = passes([6]);
    await heat(slow.pass);
    const patient = slow.count();
    expect(patient).toBeLessThan(20);
    await heat(slow.pass);
    expect(slow.count()).toBe(patient + 1);
  });
});
