import { describe, expect, it } from 'vitest';
import { measure, median, profileRuns } from '../src/measure.js';

/** A clock that each run moves on by the next of some times, the last of them again and again. */
function clockedRuns(...times: number[]) {
  let now = 0;
  let runs = 0;
  const run = async () => {
    now += times[Math.min(runs, times.length - 1)];
    return runs++;
  };
  return { run, now: () => now, count: () => runs };
}

describe('measuring', () => {
  it('gives the result of the first run, and warms up before timing', async () => {
    const { run, now, count } = clockedRuns(100, 90, 70, 8, 4, 6);
    const { result, timing } = await measure(run, { runs: 3, now });
    expect([result, count()]).toEqual([0, 6]);
    expect(timing).toEqual({ firstRunMs: 100, runs: 3, medianMs: 6, minMs: 4, maxMs: 8 });
  });

  it('runs three times where a run is slow, and for a second where it is fast', async () => {
    const slow = clockedRuns(20_000);
    expect((await measure(slow.run, { now: slow.now })).timing.runs).toBe(3);
    const quick = clockedRuns(50);
    expect((await measure(quick.run, { now: quick.now })).timing.runs).toBe(20);
    const quickest = clockedRuns(1);
    expect((await measure(quickest.run, { now: quickest.now })).timing.runs).toBe(100);
  });

  it('takes the mean of the middle two of an even number', () => {
    expect([median([5, 1, 3]), median([4, 1, 3, 2]), median([7])]).toEqual([3, 2.5, 7]);
  });

  it('profiles for about a second too', () => {
    expect([1, 100, 400, 30_000].map(profileRuns)).toEqual([20, 10, 3, 1]);
  });
});
