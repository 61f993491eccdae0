import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { acquireDevice, type Device } from '../../src/index.js';
import { channelsLast, checkCase, type ComputeCase } from './compute-case.js';

const constant = (...dims: number[]) => ({ dims, constant: true });
const fed = (...dims: number[]) => ({ dims });
const nhwc = (...dims: number[]) => ({ dims, order: channelsLast });

/** Inputs and results are rounded to f16, which has 11 bits; sums are f32. */
const tolerance = 4e-3;

const cases: readonly ComputeCase[] = [
  {
    name: 'FusedConv',
    opType: 'FusedConv',
    domain: 'tessera',
    attributes: { pads: [1, 1, 1, 1], activation: 'relu' },
    inputs: [fed(1, 5, 6, 9), constant(7, 5, 3, 3), constant(7), fed(1, 7, 6, 9)],
  },
  {
    name: 'Conv with weights and bias computed at run time',
    opType: 'Conv',
    inputs: [fed(1, 5, 7, 6), fed(6, 5, 3, 3), fed(6)],
  },
  {
    name: 'ConvTranspose',
    opType: 'ConvTranspose',
    attributes: { strides: [2, 2] },
    inputs: [fed(1, 5, 4, 6), constant(5, 6, 3, 3), constant(6)],
  },
  { name: 'MatMul', opType: 'MatMul', inputs: [fed(3, 5, 7), constant(7, 9)] },
  {
    name: 'Gemm',
    opType: 'Gemm',
    attributes: { transB: 1, alpha: 0.5, beta: 0.5 },
    inputs: [fed(5, 7), constant(9, 7), fed(5, 9)],
  },
  {
    name: 'MaxPool',
    opType: 'MaxPool',
    attributes: { kernel_shape: [3, 2], strides: [2, 1] },
    inputs: [nhwc(2, 8, 11, 7)],
  },
  { name: 'GlobalAveragePool', opType: 'GlobalAveragePool', inputs: [nhwc(1, 20, 67, 131)] },
  { name: 'Softmax', opType: 'Softmax', inputs: [fed(3, 37)] },
  { name: 'LayerNormalization', opType: 'LayerNormalization', inputs: [fed(3, 37), constant(37), constant(37)] },
  {
    name: 'InstanceNormalization',
    opType: 'InstanceNormalization',
    inputs: [nhwc(1, 19, 67, 71), constant(19), constant(19)],
  },
  { name: 'LRN', opType: 'LRN', attributes: { size: 4, alpha: 0.5 }, inputs: [fed(2, 9, 5, 7)] },
  {
    name: 'BatchNormalization',
    opType: 'BatchNormalization',
    inputs: [fed(2, 3, 7), constant(3), constant(3), constant(3), { dims: [3], values: [0.5, 1, 2], constant: true }],
  },
];

describe('Operators in precision fp16 agree with plain loops to the rounding of f16', () => {
  let device: Device;
  beforeAll(async () => {
    device = await acquireDevice();
  });
  afterAll(() => device.dispose());
  it.each(cases)('$name', async (test) => {
    const check = checkCase(device, { ...test, tolerance }, 'fp16');
    if (device.profile.hasF16) await check;
    else await expect(check).rejects.toMatchObject({ code: 'UNSUPPORTED_DEVICE' });
  });
});
