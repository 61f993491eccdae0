import { afterAll, beforeAll, describe, it } from 'vitest';
import { acquireDevice, type Device } from '../../src/index.js';
import { channelsLast, checkCase, type ComputeCase } from './compute-case.js';

const constant = (...dims: number[]) => ({ dims, constant: true });
const fed = (...dims: number[]) => ({ dims });
const nhwc = (...dims: number[]) => ({ dims, order: channelsLast });
const variance = [0.5, 1, 2, 0.25, 3];

const softmaxes = ['Softmax', 'LogSoftmax', 'Hardmax'].flatMap((opType): ComputeCase[] => [
  { name: `${opType}, last axis`, opType, inputs: [fed(3, 5, 37)] },
  { name: `${opType}, inner axis`, opType, attributes: { axis: 1 }, inputs: [fed(2, 9, 5, 7)] },
  { name: `${opType}, channels of a channels-last view`, opType, attributes: { axis: 1 }, inputs: [nhwc(2, 21, 5, 7)] },
  { name: `${opType}, flattened from axis 1 (opset 11)`, opType, opset: 11, inputs: [fed(3, 5, 37)] },
  { name: `${opType}, a long row`, opType, inputs: [fed(2, 5003)] },
]);

const rows: readonly ComputeCase[] = [
  {
    name: 'LayerNormalization, last axis',
    opType: 'LayerNormalization',
    inputs: [fed(3, 5, 37), constant(37), constant(37)],
  },
  {
    name: 'LayerNormalization from axis 1, no bias',
    opType: 'LayerNormalization',
    attributes: { axis: 1, epsilon: 0.01 },
    inputs: [fed(3, 5, 7), constant(5, 7)],
  },
  {
    name: 'LayerNormalization over channels of a channels-last tensor',
    opType: 'LayerNormalization',
    inputs: [{ dims: [1, 5, 7, 21], order: [0, 3, 1, 2] }, constant(21), constant(21)],
  },
  {
    name: 'LayerNormalization, one long row',
    opType: 'LayerNormalization',
    inputs: [fed(1, 20011), fed(20011), fed(20011)],
  },
  {
    name: 'LayerNormalization with Mean and InvStdDev',
    opType: 'LayerNormalization',
    attributes: { axis: 1 },
    inputs: [fed(3, 5, 37), constant(5, 37), constant(5, 37)],
    outputs: 3,
  },
  { name: 'RMSNormalization', opType: 'RMSNormalization', opset: 23, inputs: [fed(3, 5, 37), constant(37)] },
  {
    name: 'InstanceNormalization',
    opType: 'InstanceNormalization',
    inputs: [fed(2, 5, 7, 9), constant(5), constant(5)],
  },
  {
    name: 'InstanceNormalization of large channels-last planes',
    opType: 'InstanceNormalization',
    inputs: [nhwc(1, 19, 67, 71), constant(19), constant(19)],
  },
  {
    name: 'InstanceNormalization, a mean much larger than the deviation',
    opType: 'InstanceNormalization',
    inputs: [
      { dims: [1, 2, 40, 50], values: Array.from({ length: 4000 }, (_, i) => 1000 + ((i * 37) % 101) / 101) },
      constant(2),
      constant(2),
    ],
    tolerance: 2e-3,
  },
  {
    name: 'GroupNormalization, scales of channels',
    opType: 'GroupNormalization',
    attributes: { num_groups: 3 },
    inputs: [fed(2, 12, 5, 7), constant(12), constant(12)],
  },
  {
    name: 'GroupNormalization, large channels-last planes',
    opType: 'GroupNormalization',
    attributes: { num_groups: 2 },
    inputs: [nhwc(1, 6, 61, 53), constant(6), constant(6)],
  },
  {
    name: 'GroupNormalization, scales of groups (opset 18)',
    opType: 'GroupNormalization',
    opset: 18,
    attributes: { num_groups: 3 },
    inputs: [nhwc(2, 12, 5, 7), constant(3), constant(3)],
  },
  { name: 'LpNormalization, p 1', opType: 'LpNormalization', attributes: { p: 1, axis: 1 }, inputs: [fed(2, 5, 7)] },
  { name: 'LpNormalization, p 2', opType: 'LpNormalization', inputs: [fed(2, 5, 7)] },
  { name: 'MeanVarianceNormalization', opType: 'MeanVarianceNormalization', inputs: [fed(2, 5, 7, 9)] },
  { name: 'LRN', opType: 'LRN', attributes: { size: 4, alpha: 0.5, beta: 0.6 }, inputs: [fed(2, 9, 5, 7)] },
  {
    name: 'LRN of a channels-last view',
    opType: 'LRN',
    attributes: { size: 5, alpha: 0.5, bias: { type: 'float', value: 2 } },
    inputs: [nhwc(2, 9, 5, 7)],
  },
];

const cases: readonly ComputeCase[] = [
  ...softmaxes,
  ...rows,
  {
    name: 'BatchNormalization, constant statistics',
    opType: 'BatchNormalization',
    inputs: [fed(2, 5, 7, 3), constant(5), constant(5), constant(5), { dims: [5], values: variance, constant: true }],
  },
  {
    name: 'BatchNormalization of a channels-last view',
    opType: 'BatchNormalization',
    inputs: [nhwc(2, 5, 7, 3), constant(5), constant(5), constant(5), { dims: [5], values: variance, constant: true }],
  },
  {
    name: 'FusedBatchNormalization with an activation',
    opType: 'FusedBatchNormalization',
    domain: 'tessera',
    attributes: { activation: 'relu' },
    inputs: [nhwc(2, 5, 7, 3), constant(5), constant(5), constant(5), { dims: [5], values: variance, constant: true }],
  },
  {
    name: 'BatchNormalization, training_mode 1',
    opType: 'BatchNormalization',
    attributes: { training_mode: 1 },
    inputs: [fed(3, 5, 7, 3), constant(5), constant(5), constant(5), constant(5)],
  },
  {
    name: 'BatchNormalization, statistics computed at run time',
    opType: 'BatchNormalization',
    attributes: { epsilon: 0.01 },
    inputs: [fed(2, 5), fed(5), fed(5), fed(5), { dims: [5], values: variance }],
  },
];

describe('Normalizations on the device agree with plain loops', () => {
  let device: Device;
  beforeAll(async () => {
    device = await acquireDevice();
  });
  afterAll(() => device.dispose());
  it.each(cases)('$name', (test) => checkCase(device, test));
});
