import { describe, expect, it } from 'vitest';
import { partsWithin, passesOf, stepsOfPart } from '../src/device/timed-parts.js';

describe('the parts of a run that are timed', () => {
  it.each([
    [1, 1],
    [7, 3],
    [87, 13],
    [13, 13],
    [2, 5],
    [0, 1],
  ])('of %i dispatches, %i make up all of them once, and differ by 1 at most', (count, of) => {
    const ranges = Array.from({ length: of }, (_, index) => stepsOfPart({ index, of }, count));
    const steps = ranges.flatMap(({ first, end }) => Array.from({ length: end - first }, (_, i) => first + i));
    expect(steps).toEqual(Array.from({ length: count }, (_, i) => i));
    const sizes = ranges.map(({ first, end }) => end - first);
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
  });

  const passes = (index: number, of: number, count: number) =>
    passesOf({ index, of }, count).map(({ first, end }) => `${first}-${end}`);

  it('have a pass for each of their dispatches, between passes of the others', () => {
    expect(passes(1, 3, 7)).toEqual(['0-2', '2-3', '3-4', '4-7']);
    expect(passes(0, 3, 7)).toEqual(['0-1', '1-2', '2-7']);
    expect(passes(2, 3, 7)).toEqual(['0-4', '4-5', '5-6', '6-7']);
    expect(passes(0, 1, 3)).toEqual(['0-1', '1-2', '2-3']);
    expect(passes(0, 5, 2)).toEqual(['0-2']);
    expect(passes(0, 1, 0)).toEqual([]);
  });
});

describe('in how many parts dispatches are timed', () => {
  it.each([
    ['all at once where passes cost nothing', 87, 0.8, 0, 1],
    ['all at once where the run is long', 60, 6.8, 0.0059, 1],
    ['in some where passes weigh more', 87, 0.761, 0.006, 15],
    ['one in a run that is shorter than a pass', 5, 0.001, 0.006, 5],
    ['one dispatch at once', 1, 0.001, 0.006, 1],
    ['none at once', 0, 0, 0, 1],
  ])('%s', (_, count, wholeMs, passMs, parts) => {
    expect(partsWithin(count, wholeMs, passMs)).toBe(parts);
  });

  it('such that none adds more passes than are allowed', () => {
    for (const count of [2, 10, 61, 87, 500]) {
      for (const wholeMs of [0.3, 0.761, 2.2, 9]) {
        const of = partsWithin(count, wholeMs, 0.006);
        for (let index = 0; index < of; index++) {
          const added = passesOf({ index, of }, count).length - 1;
          // A dispatch has at least its own pass and those around it.
          expect(added <= 2 || added * 0.006 <= 0.06 * wholeMs + 1e-12).toBe(true);
        }
      }
    }
  });
});
