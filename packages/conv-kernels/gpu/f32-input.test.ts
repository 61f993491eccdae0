import { beforeAll, describe, expect, it } from 'vitest';
import { planConv, type ConvProblem } from '../src/index.js';
import { convProblem } from './cases.js';
import { checkConvCase, checkPooledConvCase } from './check.js';
import { expectRightInF16 } from './expect-right.js';
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

describe('f16 convolutions of f32 input', () => {
  it.each(['few-channels', 'implicit-gemm'])('by %s: agree with the reference', async (only) => {
    await expectRightInF16(test, () => checkConvCase(test, first, { only }));
  });

  it('with the maxima of their windows: agree with the reference', async () => {
    const [each] = Object.values(pooledCases);
    const problem = pooledProblem({ ...each, conv: { ...each.conv, elementType: 'f16' } });
    const read = { ...problem, conv: { ...problem.conv, f32Input: true } };
    await expectRightInF16(test, () => checkPooledConvCase(test, read));
  });

  it('are refused by all others', () => {
    const plan = (): unknown => planConv(first, { ...test.profile, hasF16: true }, { only: 'direct' });
    expect(plan).toThrow('direct: it reads no f32 input where all else is f16');
  });
});
