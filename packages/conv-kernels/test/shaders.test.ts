import { describe, expect, it } from 'vitest';
import {
  activationCode,
  floatLiteral,
  planAveragedProduct,
  planConv,
  planPooledConv,
  type DeviceProfile,
} from '../src/index.js';
import { averagedCases, averagedProblem } from '../gpu/averaged-cases.js';
import { convProblem, type ConvCase } from '../gpu/cases.js';
import { pooledCases, pooledProblem } from '../gpu/pooled-cases.js';
import { gpu, matrixGpu, software } from '../../../tools/testing/devices.js';

const cases: Record<string, [ConvCase, DeviceProfile, string?]> = {
  direct: [{ channels: [3, 4], size: [5, 6], kernel: [3, 3], bias: true }, gpu, 'direct'],
  'in registers': [
    { channels: [8, 16], size: [5, 6], kernel: [3, 3], pads: [1, 1, 1, 1], activation: { kind: 'relu' } },
    software,
  ],
  tiled: [
    { batch: 4, channels: [8, 64], size: [33, 34], kernel: [3, 3], residual: 'nhwc' },
    gpu,
    'implicit-gemm 32x32x16',
  ],
  'direct in squares': [{ channels: [3, 4], size: [5, 6], kernel: [3, 3] }, gpu, 'direct-wide'],
  'tiled by element': [{ channels: [6, 10], size: [5, 6], kernel: [3, 3], groups: 2 }, gpu, 'tiled'],
  'four channels a load': [{ channels: [8, 12], size: [5, 6], kernel: [3, 3], bias: true }, gpu, 'vectorized'],
  'winograd, 2x2': [{ channels: [8, 8], size: [5, 6], kernel: [3, 3], bias: true }, gpu, 'winograd'],
  'winograd, 4x4': [{ channels: [32, 32], size: [30, 29], kernel: [3, 3], pads: [1, 1, 1, 1] }, software, 'winograd'],
  grouped: [{ channels: [16, 16], size: [5, 6], kernel: [3, 3], groups: 4, bias: true }, gpu, 'grouped'],
  'a first layer': [
    { channels: [3, 16], size: [15, 16], kernel: [3, 3], stride: [2, 2], input: 'nchw', bias: true },
    software,
    'few-channels',
  ],
  fft: [{ channels: [3, 5], size: [40, 33], kernel: [11, 9], bias: true }, gpu, 'fft'],
  'fft of each channel': [{ channels: [3, 3], size: [40, 33], kernel: [17, 19], groups: 3 }, software, 'fft'],
  'f16 matrices': [
    { channels: [64, 24], size: [5, 6], kernel: [3, 3], pads: [1, 1, 1, 1], bias: true, elementType: 'f16' },
    matrixGpu,
    'implicit-gemm-matrix 64x64x64/32x32 of f16',
  ],
  'a first layer on f16 matrices': [
    { channels: [3, 16], size: [15, 16], kernel: [7, 7], stride: [2, 2], input: 'nchw', elementType: 'f16' },
    matrixGpu,
    'few-channels-matrix 64x64x32/32x32 of f16',
  ],
  'f32 as pairs of f16, K in two': [
    { channels: [256, 24], size: [5, 6], residual: 'nhwc' },
    matrixGpu,
    'implicit-gemm-matrix 32x64x32/16x32 of split f16 split 2',
  ],
  depthwise: [{ channels: [8, 8], size: [5, 6], kernel: [3, 3], groups: 8 }, gpu, 'depthwise'],
};

describe('shader texts', () => {
  for (const [name, [conv, device, only]] of Object.entries(cases)) {
    it(`${name} is as it was`, () => {
      const plan = planConv(convProblem(conv), device, { only });
      expect(plan.dispatches.map((d) => d.kernel.code).join('\n')).toMatchSnapshot();
    });
  }
});

describe('shader texts of two steps in one', () => {
  it('means and the product that follows are as they were', () => {
    const problem = averagedProblem({ ...averagedCases['channels that fill no vector'], bias: true });
    const plan = planAveragedProduct(problem, gpu, { only: 'averaged-product' })!;
    expect(plan.dispatches[0].kernel.code).toMatchSnapshot();
  });

  it('a convolution and its maxima are as they were', () => {
    const small = pooledProblem(pooledCases['windows that do not overlap, of channels that fill no vector']);
    for (const device of [gpu, software]) {
      const plan = planPooledConv(small, device, { only: 'few-channels-pool' })!;
      expect(plan.dispatches[0].kernel.code).toMatchSnapshot();
    }
  });
});

describe('activationCode', () => {
  it('writes numbers as f32 literals, infinities as the largest finite ones', () => {
    expect(floatLiteral(6)).toBe('6.0f');
    expect(floatLiteral(0.1)).toBe('0.10000000149011612f');
    expect(floatLiteral(-Infinity)).toBe('-3.4028234663852886e+38f');
  });

  it('is the identity without an activation', () => {
    expect(activationCode(undefined, 'f32')).toContain('return x;');
  });
});
