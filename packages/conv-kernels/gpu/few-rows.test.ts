import { beforeAll, describe, expect, it } from 'vitest';
import type { GemmProblem } from '../src/index.js';
import { convProblem, type ConvCase } from './cases.js';
import { checkConvCase, checkGemmCase } from './check.js';
import { acquire, type TestDevice } from './harness.js';

let test: TestDevice;
beforeAll(async () => {
  test = await acquire();
});

const cases: Readonly<Record<string, ConvCase>> = {
  'squeeze of one image': { channels: [96, 6], size: [1, 1], bias: true, activation: { kind: 'silu' } },
  'excitation of three images': {
    batch: 3,
    channels: [6, 96],
    size: [1, 1],
    bias: true,
    activation: { kind: 'sigmoid' },
  },
  'columns and rows that fill no block': { batch: 7, channels: [37, 13], size: [1, 1], residual: 'oddSlice' },
  'many channels and a few pixels with stride': { channels: [1030, 9], size: [3, 5], stride: [2, 2], bias: true },
  groups: { batch: 2, channels: [24, 18], size: [1, 2], groups: 3, bias: true },
  'an NCHW image of a few pixels': { channels: [260, 8], size: [2, 3], input: 'nchw', output: 'nchw' },
};

describe('products of a few rows', () => {
  it.each(Object.entries(cases))('%s: agrees with the reference', async (_, conv) => {
    for (const elementType of test.profile.hasF16 ? (['f32', 'f16'] as const) : (['f32'] as const)) {
      const problem = convProblem({ ...conv, elementType });
      expect(await checkConvCase(test, problem, { only: 'few-rows' })).toBeUndefined();
    }
  });

  it.each(['few-rows', 'implicit-gemm', 'direct'])('%s of f16 into f32: agrees with the reference', async (only) => {
    const [m, n, k] = [3, 18, 45];
    const layout = (columns: number) => ({ offset: 0, batchStride: 0, rowStride: columns, columnStride: 1 });
    const problem: GemmProblem = {
      batch: 1,
      m,
      n,
      k,
      elementType: 'f16',
      f32Output: true,
      a: layout(k),
      b: layout(n),
      c: layout(n),
      epilogue: { bias: true, residual: layout(n) },
    };
    const check = checkGemmCase(test, problem, true, { only });
    if (test.profile.hasF16) expect(await check).toBeUndefined();
    else await expect(check).rejects.toThrow('the device has no shader-f16');
  });

  it.each([1, 4, 9])('%i rows by a constant matrix: agrees with the reference', async (m) => {
    const [n, k] = [35, 531];
    const layout = (columns: number) => ({ offset: 0, batchStride: 0, rowStride: columns, columnStride: 1 });
    const problem: GemmProblem = {
      batch: 1,
      m,
      n,
      k,
      elementType: 'f32',
      a: layout(k),
      b: layout(n),
      c: layout(n),
      epilogue: { bias: true, activation: { kind: 'relu' } },
    };
    expect(await checkGemmCase(test, problem, true, { only: 'few-rows' })).toBeUndefined();
  });
});
