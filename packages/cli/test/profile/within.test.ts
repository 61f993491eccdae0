import { expect, it } from 'vitest';
import { within } from '../../src/profile/within.js';

/** Calls of onRun, a second apart, until the signal is aborted or all runs are done. */
function play(budgetMs: number, least: number, runs: number, signal?: AbortSignal): number[] {
  let now = 0;
  const told: number[] = [];
  const options = within(budgetMs, least, { runs, signal, onRun: (done) => void told.push(done) }, () => now);
  expect(options.runs).toBe(runs);
  for (let done = 1; done <= runs && !options.signal!.aborted; done++) {
    now += 1000;
    options.onRun!(done, runs);
  }
  return told;
}

it.each([
  ['when the time is over', 3000, 1, 9, 3],
  ['not before each layer was timed so often', 3000, 5, 9, 5],
  ['when all runs are done', 30_000, 5, 9, 9],
])('profiling ends %s', (_, budgetMs, least, runs, done) => {
  expect(play(budgetMs, least, runs).length).toBe(done);
});

it('profiling ends by the signal given too', () => {
  expect(play(3000, 5, 9, AbortSignal.abort())).toEqual([]);
});
