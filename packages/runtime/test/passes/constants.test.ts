import { describe, expect, it } from 'vitest';
import type { Constant } from '../../src/graph.js';
import { hostTensor, scaledConstant } from '../../src/passes/constants.js';

const plain: Constant = {
  kind: 'host',
  tensor: { dataType: 'float32', dims: [2, 3, 2], data: Float32Array.from({ length: 12 }, (_, i) => i + 1) },
};

describe('scaledConstant', () => {
  it('multiplies runs of elements by factors, over and over', () => {
    const byRow = scaledConstant(plain, Float32Array.of(1, 10), 6);
    expect([...(hostTensor(byRow).data as Float32Array)]).toEqual([1, 2, 3, 4, 5, 6, 70, 80, 90, 100, 110, 120]);
    const byColumn = scaledConstant(plain, Float32Array.of(1, 10), 1);
    expect([...(hostTensor(byColumn).data as Float32Array)]).toEqual([1, 20, 3, 40, 5, 60, 7, 80, 9, 100, 11, 120]);
    expect((plain.tensor.data as Float32Array)[1]).toBe(2);
  });

  it('scales what is scaled already, and rounds after each factor', () => {
    const [first, second] = [0.1, 0.7].map(Math.fround);
    const twice = scaledConstant(scaledConstant(plain, Float32Array.of(first), 12), Float32Array.of(second), 12);
    const want = (plain.tensor.data as Float32Array).map((value) => Math.fround(Math.fround(value * first) * second));
    expect(hostTensor(twice).data).toEqual(want);
  });

  it('is the constant itself where all factors are 1', () => {
    expect(scaledConstant(plain, Float32Array.of(1, 1, 1), 2)).toBe(plain);
  });
});
