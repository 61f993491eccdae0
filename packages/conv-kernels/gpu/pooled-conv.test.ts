import { beforeAll, describe, expect, it } from 'vitest';
import { checkPooledConvCase } from './check.js';
import { acquire, type TestDevice } from './harness.js';
import { pooledCases, pooledProblem } from './pooled-cases.js';

let test: TestDevice;
beforeAll(async () => {
  test = await acquire();
});

describe('a convolution and the maxima of its windows by one kernel', () => {
  it.each(Object.entries(pooledCases))('%s: agrees with the reference', async (_, each) => {
    for (const elementType of test.profile.hasF16 ? (['f32', 'f16'] as const) : (['f32'] as const)) {
      const problem = pooledProblem({ ...each, conv: { ...each.conv, elementType } });
      expect(await checkPooledConvCase(test, problem)).toBeUndefined();
    }
  });

  it('agrees with the reference in the form that GPUs run', async () => {
    const large = { ...test, profile: { ...test.profile, isSoftware: false } };
    const [, , small] = Object.values(pooledCases);
    expect(await checkPooledConvCase(large, pooledProblem(small))).toBeUndefined();
  });
});
