import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Tensor } from '@tessera/runtime';
import { afterAll, describe, expect, it } from 'vitest';
import { classCount, rankClasses, readLabels } from '../../src/outputs/classes.js';

const folder = mkdtempSync(join(tmpdir(), 'infer-classes-'));
afterAll(() => rmSync(folder, { recursive: true }));

const scores = (dims: number[], ...values: number[]): Tensor => ({
  dataType: 'float32',
  dims,
  data: new Float32Array(values),
});

describe('classes', () => {
  it('are seen in [C], [N,C] and [N,C,1,1] only', () => {
    const count = (...dims: number[]) => classCount({ dataType: 'float32', dims, data: new Float32Array(0) });
    expect([count(7), count(2, 7), count(2, 7, 1, 1)]).toEqual([7, 7, 7]);
    expect([count(), count(1), count(3, 1), count(1, 7, 2), count(1, 7, 5, 5)]).toEqual(Array(5).fill(undefined));
  });

  it('are ranked item by item, with labels as far as there are', () => {
    const ranking = rankClasses(scores([2, 3], 1, 5, 3, 9, 8, 7), 2, ['a', 'b'])!;
    expect(ranking.scores).toBe('logits');
    expect(ranking.items.map((item) => item.map(({ index, label }) => [index, label]))).toEqual([
      [
        [1, 'b'],
        [2, null],
      ],
      [
        [0, 'a'],
        [1, 'b'],
      ],
    ]);
    expect(ranking.items[0][0].probability).toBeCloseTo(1 / (1 + Math.exp(-2) + Math.exp(-4)), 10);
  });

  it('keep scores that are probabilities, and do not make some of independent ones', () => {
    const probabilities = rankClasses(scores([1, 3], 0.25, 0.5, 0.25), 1, undefined)!;
    expect(probabilities).toEqual({
      scores: 'probabilities',
      items: [[{ index: 1, label: null, score: 0.5, probability: 0.5 }]],
    });
    const independent = rankClasses(scores([3], 0.5, 0.75, 1), 1, undefined)!;
    expect(independent.scores).toBe('independent');
    expect(independent.items[0][0]).toMatchObject({ index: 2, probability: null });
  });

  it('put NaN last, keep ties in order, and stand large scores', () => {
    const order = (...values: number[]) => rankClasses(scores([values.length], ...values), 9, undefined)!.items[0];
    expect(order(NaN, 1000, -Infinity, 1000).map(({ index }) => index)).toEqual([1, 3, 0, 2]);
    expect(order(1000, 0)[0].probability).toBe(1);
  });

  it('take labels line by line', () => {
    const file = join(folder, 'labels.txt');
    writeFileSync(file, '\ufeffcat\r\n\r\n dog \n\n');
    expect(readLabels(file)).toEqual(['cat', '', 'dog']);
    expect(() => readLabels(join(folder, 'none.txt'))).toThrow(/--labels .*none\.txt cannot be read: no such file/);
  });
});
