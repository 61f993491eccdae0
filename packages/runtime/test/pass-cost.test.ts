import { describe, expect, it } from 'vitest';
import { passCostOf, withoutPassCost } from '../src/device/pass-cost.js';
import type { PassSpan } from '../src/device/timestamps.js';

/** Spans of so many microseconds, one after another. */
function spans(...microseconds: readonly number[]): PassSpan[] {
  let begin = 1_000n;
  return microseconds.map((us) => {
    const span = { begin, end: begin + BigInt(us * 1000) };
    begin = span.end;
    return span;
  });
}

describe('the cost of a pass', () => {
  it('is what each dispatch takes longer apart than together, by the least', () => {
    const cost = passCostOf([
      { apart: spans(9, 7, 8, 8), together: spans(15) },
      { apart: spans(500, 8, 8, 8), together: spans(14) },
      { apart: spans(9, 8, 8, 8), together: spans(900) },
    ]);
    expect(cost.passMs).toBeCloseTo(0.006, 12);
    expect(cost.launchMs).toBeCloseTo(0.002, 12);
  });

  it('is never below 0', () => {
    expect(passCostOf([{ apart: spans(2, 3), together: spans(9) }])).toEqual({ passMs: 0, launchMs: 0.0045 });
  });

  it('counts spans that run backwards as none', () => {
    const backwards = { begin: 5_000n, end: 2_000n };
    expect(passCostOf([{ apart: [backwards, ...spans(6)], together: spans(2) }]).passMs).toBeCloseTo(0.004, 12);
  });
});

it.each([
  ['comes off a dispatch', 0.1, 0.094],
  ['leaves what an empty dispatch takes', 0.007, 0.002],
  ['adds to none', 0.001, 0.001],
  ['leaves nothing of nothing', 0, 0],
])('the cost of a pass %s', (_, timed, left) => {
  expect(withoutPassCost(timed, { passMs: 0.006, launchMs: 0.002 })).toBeCloseTo(left, 12);
});
