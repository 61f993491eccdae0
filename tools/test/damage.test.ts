import { describe, expect, test } from 'vitest';
import { applyDamage, damageCase, type DamageCase } from '../verify/damage/cases.js';

const bytes = Uint8Array.from({ length: 40 }, (_, i) => i + 1);
const damaged = (damage: Partial<DamageCase>) =>
  applyDamage(bytes, { index: 0, kind: 'cut', offset: 0, value: 0, ...damage } as DamageCase);

describe('damageCase', () => {
  const weights = [
    [10, 20],
    [30, 70],
  ] as const;

  test('is the same each time', () => {
    expect(damageCase(17, 100, weights)).toEqual(damageCase(17, 100, weights));
  });

  test('puts three cases of four outside the weights, and reaches every byte there', () => {
    const offsets = Array.from({ length: 2000 }, (_, i) => damageCase(i, 100, weights)).filter(
      (c) => c.index % 4 !== 0,
    );
    const inWeights = offsets.filter(({ offset }) => weights.some(([start, end]) => offset >= start && offset < end));
    expect(inWeights).toEqual([]);
    expect(new Set(offsets.map((c) => c.offset)).size).toBe(50);
  });

  test('stays inside the file', () => {
    for (let i = 0; i < 500; i++) expect(damageCase(i, 7, [[0, 7]]).offset).toBeLessThan(7);
  });
});

describe('applyDamage', () => {
  test('cuts before the offset', () => {
    expect(damaged({ kind: 'cut', offset: 13 })).toEqual(bytes.slice(0, 13));
  });

  test('flips one bit', () => {
    const result = damaged({ kind: 'flip a bit', offset: 5, value: 11 });
    expect(result[5]).toBe(6 ^ 8);
    expect(result.filter((value, i) => value !== bytes[i])).toHaveLength(1);
  });

  test('fills up to the end of the file', () => {
    const result = damaged({ kind: 'fill 8 bytes with ff', offset: 37 });
    expect([...result.subarray(36)]).toEqual([37, 255, 255, 255]);
  });

  test('copies from elsewhere, up to the end of the file', () => {
    const result = damaged({ kind: 'copy 16 bytes from elsewhere', offset: 35, value: 2 });
    expect([...result.subarray(34)]).toEqual([35, 3, 4, 5, 6, 7]);
    const short = damaged({ kind: 'copy 16 bytes from elsewhere', offset: 2, value: 38 });
    expect([...short.subarray(0, 6)]).toEqual([1, 2, 39, 40, 5, 6]);
  });

  test('leaves the original as it is', () => {
    damaged({ kind: 'zero 8 bytes', offset: 3 });
    expect(bytes[3]).toBe(4);
  });
});
