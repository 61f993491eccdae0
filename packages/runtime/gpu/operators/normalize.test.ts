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

const cases: readonly ComputeCase[] = [
  ...softmaxes,
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
