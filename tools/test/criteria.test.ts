import { describe, expect, test } from 'vitest';
import { toFloat16Bits } from '../testing/index.js';
import { judge, type Criterion } from '../verify/zoo/criteria.js';
import { isUndecided } from '../verify/zoo/piecewise.js';

const answer = (...data: number[]) => ({ dims: [data.length], data, isHalf: false });
const judged = (criterion: Criterion, ours: number[], reference: number[]) =>
  judge(criterion, { y: answer(...ours) }, { y: answer(...reference) }).passed;

describe('judge', () => {
  test.each([
    ['fp32', 1e-3],
    ['fp16', 2e-2],
    ['int8', 5e-2],
  ] as const)('%s allows %d of the largest magnitude', (criterion, tolerance) => {
    expect(judged(criterion, [-2 - 1.9 * tolerance, 1], [-2, 1])).toBe(true);
    expect(judged(criterion, [-2 - 2.1 * tolerance, -3], [-2, 1])).toBe(false);
  });

  test('int8 is content with the same top class, the others are not', () => {
    expect(judged('int8', [0, 7, 2], [0, 10, 4])).toBe(true);
    expect(judged('int8', [0, 7, 8], [0, 10, 4])).toBe(false);
    expect(judged('fp16', [0, 7, 2], [0, 10, 4])).toBe(false);
  });

  test('float16 is compared by value, whether it comes as bits or as numbers', () => {
    const bits = { dims: [2], data: Uint16Array.of(toFloat16Bits(1.5), toFloat16Bits(-3)), isHalf: true };
    const numbers = { dims: [2], data: [1.5, -3], isHalf: true };
    expect(judge('fp16', { y: bits }, { y: numbers })).toEqual({ passed: true, difference: 0 });
  });

  test('refuses a missing output', () => {
    expect(() => judge('fp32', {}, { y: answer(1) })).toThrow('output "y" is missing');
  });
});

describe('judge of detections', () => {
  const detections = (rows: readonly (readonly number[])[]) => ({
    boxes: { dims: [rows.length, 2], data: rows.flatMap((row) => row.slice(0, 2)), isHalf: false },
    scores: { dims: [rows.length], data: rows.map((row) => row[2]), isHalf: false },
  });
  const rows = [
    [10, 20, 0.9],
    [30, 40, 0.5],
    [30, 40, 0.4],
  ];

  test('takes them in any order', () => {
    const ours = detections([rows[2], rows[0], rows[1]]);
    expect(judge('detection', ours, detections(rows))).toEqual({ passed: true, difference: 0 });
  });

  test('all parts of a detection must agree at once', () => {
    const ours = detections([rows[0], rows[1], [10, 20, 0.4]]);
    expect(judge('detection', ours, detections(rows))).toMatchObject({
      passed: false,
      reason: "1 of our 3 detections and 1 of the reference's 3 have no partner",
    });
  });

  test('counts those that are missing', () => {
    expect(judge('detection', detections(rows.slice(1)), detections(rows)).passed).toBe(false);
  });
});

test.each([
  ['fp32', 1e-4],
  ['fp16', 2e-3],
  ['int8', 5e-3],
  ['detection', 2e-3],
] as const)(
  '%s is undecided where the reference is more than %d from itself, a tenth of the tolerance',
  (criterion, most) => {
    expect(isUndecided(criterion, most * 0.99)).toBe(false);
    expect(isUndecided(criterion, most * 1.01)).toBe(true);
    expect(isUndecided(criterion, NaN)).toBe(true);
  },
);
