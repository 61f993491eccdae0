import { describe, expect, it } from 'vitest';
import type { Tensor } from '@tessera/runtime';
import { differenceOf, outputDifference, unflatten } from '../../src/compare/difference.js';
import { differingPicks, explainLayer, type ExplainReport } from '../../src/explain/report.js';

const floats = (dims: number[], ...data: number[]): Tensor => ({
  dataType: 'float32',
  dims,
  data: Float32Array.from(data),
});

describe('the difference of two tensors', () => {
  it('is by elements beyond the tolerance, with the worst and where it is', () => {
    const reference = floats([2, 3], 1, 2, 4, 8, 16, 32);
    const ours = floats([2, 3], 1, 2.5, 4, 8, 17, 32);
    expect(differenceOf(ours, reference, { rtol: 0.1, atol: 0 })).toEqual({
      maxAbsolute: 1,
      relative: 1 / 32,
      maxReference: 32,
      wrong: 1,
      elements: 6,
      notFinite: 0,
      worst: { index: [0, 1], ours: 2.5, reference: 2 },
    });
    expect(differenceOf(ours, reference, { rtol: 0, atol: 0.1 })).toMatchObject({ wrong: 2, worst: { index: [1, 1] } });
    expect(differenceOf(ours, reference, { rtol: 0.05 })!.wrong).toBe(0);
  });

  it('takes equal infinities and NaNs for equal, and others for the worst', () => {
    const reference = floats([4], Infinity, NaN, 1, 2);
    expect(differenceOf(floats([4], Infinity, NaN, 1, 2), reference, { rtol: 0 })!.wrong).toBe(0);
    const wrong = differenceOf(floats([4], -Infinity, NaN, 100, NaN), reference, { rtol: 0 })!;
    expect(wrong).toMatchObject({ wrong: 3, notFinite: 1, maxAbsolute: 99 });
    expect([0, 3]).toContain(wrong.worst!.index[0]);
  });

  it('is undefined for other shapes and for text', () => {
    expect(differenceOf(floats([2], 1, 2), floats([1, 2], 1, 2), { rtol: 0 })).toBeUndefined();
    const text: Tensor = { dataType: 'string', dims: [1], data: ['a'] };
    expect(differenceOf(text, text, { rtol: 0 })).toBeUndefined();
  });

  it('is the largest over outputs of one name', () => {
    const [a, b] = [floats([2], 1, 2), floats([2], 1, 2.5)];
    expect(outputDifference({ a, b }, { a, b: a })).toBe(0.25);
    expect(outputDifference({ a }, { a: floats([1, 2], 1, 2) })).toBe(Infinity);
    expect(outputDifference({}, {})).toBeNull();
  });

  it('counts row by row', () => {
    expect([0, 5, 23].map((at) => unflatten(at, [2, 3, 4]))).toEqual([
      [0, 0, 0],
      [0, 1, 1],
      [1, 2, 3],
    ]);
  });
});

describe('the reason for a pick', () => {
  const candidates = [
    { algorithm: 'winograd', variant: 'F(4x4)', predictedSeconds: 0.002, measuredSeconds: 0.001 },
    { algorithm: 'direct', predictedSeconds: 0.003 },
    { algorithm: 'depthwise', refusal: 'there is one group' },
  ];
  const layer = { name: 'conv', opType: 'Conv', shape: [1], candidates };

  it('is how much it is before the next', () => {
    expect(explainLayer(layer)).toMatchObject({
      pick: 'winograd F(4x4)',
      reason: 'the fastest as tuned, 3.00x before direct',
    });
    expect(explainLayer({ ...layer, candidates: candidates.slice(1) }).reason).toBe('nothing else takes this problem');
    expect(explainLayer({ ...layer, candidates: candidates.slice(2) })).toMatchObject({
      pick: 'none',
      reason: 'nothing takes this problem',
    });
    expect(explainLayer({ ...layer, forced: 'direct' })).toMatchObject({ pick: 'direct', reason: 'asked for' });
  });

  it('is compared with the one expected', () => {
    const report = (...layers: { name: string; pick: string }[]) => ({ layers }) as unknown as ExplainReport;
    const now = report({ name: 'a', pick: 'x' }, { name: 'b', pick: 'y' }, { name: 'c', pick: 'z' });
    expect(differingPicks(now, now)).toEqual([]);
    expect(
      differingPicks(now, report({ name: 'a', pick: 'w' }, { name: 'b', pick: 'y' }, { name: 'd', pick: 'z' })),
    ).toEqual(['a is computed by x, not by w', 'c is new, by z', 'd is gone']);
  });
});
