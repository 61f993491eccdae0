import { beforeAll, describe, expect, it } from 'vitest';
import { averagedCases, averagedProblem } from './averaged-cases.js';
import { checkAveragedProductCase } from './check.js';
import { expectRightInF16 } from './expect-right.js';
import { acquire, type TestDevice } from './harness.js';

let test: TestDevice;
beforeAll(async () => {
  test = await acquire();
});

describe('a product of means by one kernel', () => {
  it.each(Object.entries(averagedCases))('%s: agrees with the reference', async (_, each) => {
    for (const elementType of test.profile.hasF16 ? (['f32', 'f16'] as const) : (['f32'] as const)) {
      expect(await checkAveragedProductCase(test, averagedProblem({ ...each, elementType }))).toBeUndefined();
    }
  });

  it('agrees with the reference where f16 goes into f32', async () => {
    const problem = averagedProblem({ ...averagedCases['a squeeze of three images'], elementType: 'f16' });
    await expectRightInF16(test, () => checkAveragedProductCase(test, { ...problem, f32Output: true }));
  });

  it('agrees with the reference in the form that GPUs run', async () => {
    const large = { ...test, profile: { ...test.profile, isSoftware: false } };
    for (const name of ['the end of a classifier', 'channels that fill no vector']) {
      expect(await checkAveragedProductCase(large, averagedProblem(averagedCases[name]))).toBeUndefined();
    }
  });
});
