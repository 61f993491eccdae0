import { beforeAll, describe, expect, it } from 'vitest';
import { convTransposeAlgorithms, planConvTranspose } from '../src/index.js';
import { checkTransposeCase } from './check.js';
import { expectRightInF16 } from './expect-right.js';
import { acquire, type TestDevice } from './harness.js';
import { transposeCases, transposeProblem } from './transpose-cases.js';

let test: TestDevice;
beforeAll(async () => {
  test = await acquire();
});

describe('transposed convolutions', () => {
  for (const [name, conv] of Object.entries(transposeCases)) {
    it(`${name}: every algorithm agrees with the reference`, async () => {
      const problem = transposeProblem(conv);
      for (const { name: only, supports } of convTransposeAlgorithms) {
        if (supports(problem, test.profile, {}) !== true) continue;
        expect(await checkTransposeCase(test, problem, { only }), only).toBeUndefined();
      }
    });
  }

  it('are computed in f16 too, or are refused where the adapter lacks it', async () => {
    const problem = transposeProblem({ ...transposeCases['4x4 of stride 2, as generators have'], elementType: 'f16' });
    for (const { name: only } of convTransposeAlgorithms)
      await expectRightInF16(test, () => checkTransposeCase(test, problem, { only }));
  });

  it('take the algorithm that is asked for, or that of their phases', () => {
    const problem = transposeProblem(transposeCases['4x4 of stride 2, as generators have']);
    const names = (only?: string): string[] =>
      planConvTranspose(problem, test.profile, { only }).map((plan) => plan.algorithm);
    expect(names()).toHaveLength(4);
    expect(names('gather')).toEqual(['gather']);
    expect(names('direct')).toEqual(new Array(4).fill('phases direct'));
  });
});
