import { beforeAll, describe, expect, it } from 'vitest';
import { planConv, type ConvProblem } from '../src/index.js';
import { convProblem } from './cases.js';
import { checkConvCase, checkPooledConvCase } from './check.js';
import { acquire, type TestDevice } from './harness.js';
import { pooledCases, pooledProblem } from './pooled-cases.js';

let test: TestDevice;
beforeAll(async () => {
  test = await acquire();
});

const first: ConvProblem = {
  ...convProblem({
    channels: [3, 10],
    size: [11, 14],
    kernel: [3, 4],
    stride: [2, 2],
    pads: [1, 1, 1, 1],
    elementType: 'f16',
    input: 'nchw',
    bias: true,
  }),
  f32Input: true,
};

/** What is wrong, or what the device says where it has no f16. */
async function checked(check: () => Promise<string | undefined>): Promise<void> {
  if (test.profile.hasF16) expect(await check()).toBeUndefined();
  else await expect(check()).rejects.toThrow('the device has no shader-f16');
}

describe('f16 convolutions of f32 input', () => {
  it.each(['few-channels', 'implicit-gemm'])('by %s: agree with the reference', async (only) => {
    await checked(() => checkConvCase(test, first, { only }));
  });

  it('with the maxima of their windows: agree with the reference', async () => {
    const [each] = Object.values(pooledCases);
    const problem = pooledProblem({ ...each, conv: { ...each.conv, elementType: 'f16' } });
    if (!test.profile.hasF16) return;
    expect(await checkPooledConvCase(test, { ...problem, conv: { ...problem.conv, f32Input: true } })).toBeUndefined();
  });

  it('are refused by all others', () => {
    const plan = (): unknown => planConv(first, { ...test.profile, hasF16: true }, { only: 'direct' });
    expect(plan).toThrow('direct: it reads no f32 input where all else is f16');
  });
});
