import { describe, expect, it } from 'vitest';
import { averagedProblem } from '../gpu/averaged-cases.js';
import { explainAveragedProduct, planAveragedProduct } from '../src/index.js';
import { gpu, least, software } from './devices.js';

const classifier = (batch: number) =>
  averagedProblem({ batch, channels: 2048, size: [7, 7], columns: 1000, input: 'nhwc', bias: true });
const squeeze = averagedProblem({ batch: 1, channels: 480, size: [14, 14], columns: 20, input: 'nhwc', bias: true });

describe('means and the product that follows', () => {
  it('are one kernel where few workgroups form the means again', () => {
    expect(planAveragedProduct(classifier(1), gpu)?.dispatches).toHaveLength(1);
    expect(planAveragedProduct(classifier(32), gpu)).toBeUndefined();
    expect(planAveragedProduct(squeeze, software)?.dispatches).toHaveLength(1);
    expect(planAveragedProduct(classifier(1), software)).toBeUndefined();
  });

  it('are forced and forbidden by name', () => {
    const only = 'averaged-product';
    expect(planAveragedProduct(classifier(32), gpu, { only })?.algorithm).toBe(only);
    expect(planAveragedProduct(classifier(1), gpu, { forbid: [only] })).toBeUndefined();
    expect(planAveragedProduct(classifier(1), gpu, { only: 'few-rows' })).toBeUndefined();
  });

  it('say which way is faster, and why one is out', () => {
    expect(explainAveragedProduct(classifier(1), gpu).map(({ algorithm }) => algorithm)).toEqual([
      'averaged-product',
      'apart',
    ]);
    const wide = averagedProblem({ batch: 1, channels: 5000, size: [2, 2], columns: 3, input: 'nhwc' });
    expect(explainAveragedProduct(wide, least).at(-1)!.refusal).toBe(
      'the means take 24096 bytes of workgroup memory, of which there are 16384',
    );
  });
});
