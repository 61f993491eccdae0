import { describe, expect, test } from 'vitest';
import { relativeDifference } from '../verify/zoo/compare.js';

const tensor = (...data: number[]) => ({ dims: [data.length], data });

describe('relativeDifference', () => {
  test('is the largest distance over the largest magnitude', () => {
    expect(relativeDifference('y', tensor(1, -4.5, 2), tensor(1, -5, 2.25))).toBeCloseTo(0.5 / 5, 12);
  });

  test('is 0 for equal values, zeros, infinities and NaN included', () => {
    expect(relativeDifference('y', tensor(0, Infinity, NaN), tensor(0, Infinity, NaN))).toBe(0);
  });

  test.each([
    ['NaN', NaN, 1],
    ['infinity', Infinity, 1],
    ['a number in the place of NaN', 1, NaN],
    ['the other infinity', -Infinity, Infinity],
    ['something in the place of nothing', 1e-9, 0],
  ])('is infinite for %s', (_, ours, reference) => {
    expect(relativeDifference('y', tensor(ours), tensor(reference))).toBe(Infinity);
  });

  test('an infinity in the reference does not hide a difference', () => {
    expect(relativeDifference('y', tensor(Infinity, 3), tensor(Infinity, 2))).toBe(0.5);
  });

  test('compares 64-bit integers as numbers', () => {
    const ours = { dims: [2], data: BigInt64Array.of(3n, 8n) };
    const reference = { dims: [2], data: BigInt64Array.of(4n, 8n) };
    expect(relativeDifference('y', ours, reference)).toBe(1 / 8);
  });

  test('refuses another shape', () => {
    const ours = { dims: [1, 2], data: [1, 2] };
    expect(() => relativeDifference('y', ours, tensor(1, 2))).toThrow(
      'output "y" has the shape [1,2], and [2] is right',
    );
  });
});
