import { afterAll, beforeAll, describe, it } from 'vitest';
import { acquireDevice, type Device } from '../../src/index.js';
import { channelsLast, checkCase, type ComputeCase } from './compute-case.js';

const constant = (...dims: number[]) => ({ dims, constant: true });
const fed = (...dims: number[]) => ({ dims });
const nhwc = (...dims: number[]) => ({ dims, order: channelsLast });

const cases: readonly ComputeCase[] = [
  {
    name: '2-D, asymmetric pads, strides, bias',
    opType: 'Conv',
    attributes: { pads: [1, 0, 2, 1], strides: [2, 1] },
    inputs: [fed(2, 5, 11, 7), constant(6, 5, 3, 2), constant(6)],
  },
  {
    name: '2-D from a channels-last view, dilated, grouped',
    opType: 'Conv',
    attributes: { group: 2, dilations: [2, 1], pads: [2, 1, 2, 1] },
    inputs: [nhwc(1, 8, 9, 13), constant(12, 4, 3, 3)],
  },
  {
    name: 'depthwise, SAME_UPPER',
    opType: 'Conv',
    attributes: { group: 7, auto_pad: 'SAME_UPPER', strides: [2, 2] },
    inputs: [fed(1, 7, 10, 15), constant(7, 1, 3, 3), constant(7)],
  },
  {
    name: 'SAME_LOWER',
    opType: 'Conv',
    attributes: { auto_pad: 'SAME_LOWER', strides: [2, 3] },
    inputs: [fed(1, 3, 10, 15), constant(4, 3, 4, 2)],
  },
  {
    name: 'VALID pointwise',
    opType: 'Conv',
    attributes: { auto_pad: 'VALID' },
    inputs: [fed(1, 13, 6, 5), constant(9, 13, 1, 1), constant(9)],
  },
  {
    name: 'negative pads cut the input',
    opType: 'Conv',
    attributes: { pads: [-1, 1, 0, -2] },
    inputs: [fed(1, 3, 8, 9), constant(5, 3, 3, 3)],
  },
  {
    name: '1-D',
    opType: 'Conv',
    attributes: { pads: [2, 1], strides: [2], dilations: [2] },
    inputs: [fed(2, 6, 17), constant(5, 6, 3), constant(5)],
  },
  {
    name: '3-D, grouped',
    opType: 'Conv',
    attributes: { pads: [1, 0, 1, 1, 1, 0], strides: [1, 2, 1], group: 3 },
    inputs: [fed(2, 6, 5, 7, 6), constant(9, 2, 3, 2, 3), constant(9)],
  },
  {
    name: 'weights and bias computed at run time',
    opType: 'Conv',
    attributes: { pads: [1, 1, 1, 1] },
    inputs: [fed(1, 5, 7, 6), fed(6, 5, 3, 3), fed(6)],
  },
  {
    name: 'bias computed at run time, constant weights',
    opType: 'Conv',
    inputs: [fed(1, 5, 7, 6), constant(6, 5, 3, 3), fed(6)],
  },
];

const activations: readonly (readonly [string, readonly number[]])[] = [
  ['relu', []],
  ['clip', [-0.5, 0.75]],
  ['leaky-relu', [0.1]],
  ['sigmoid', []],
  ['hard-sigmoid', [0.2, 0.5]],
  ['hard-swish', []],
  ['silu', []],
  ['gelu', []],
  ['gelu-tanh', []],
  ['tanh', []],
];

const fused: readonly ComputeCase[] = [
  ...activations.map(([kind, params]): ComputeCase => ({
    name: `fused ${kind} and a row-major residual`,
    opType: 'FusedConv',
    domain: 'tessera',
    attributes: {
      pads: [1, 1, 1, 1],
      activation: kind,
      activation_params: { type: 'floats', value: params },
    },
    inputs: [fed(1, 5, 6, 9), constant(7, 5, 3, 3), constant(7), fed(1, 7, 6, 9)],
  })),
  {
    name: 'fused channels-last residual without bias',
    opType: 'FusedConv',
    domain: 'tessera',
    attributes: { strides: [2, 2] },
    inputs: [nhwc(2, 8, 7, 9), constant(8, 8, 1, 1), null, nhwc(2, 8, 4, 5)],
  },
  {
    name: 'fused 3-D with residual and activation',
    opType: 'FusedConv',
    domain: 'tessera',
    attributes: { activation: 'relu' },
    inputs: [fed(1, 3, 4, 5, 6), constant(5, 3, 2, 2, 2), constant(5), fed(1, 5, 3, 4, 5)],
  },
];

describe('Conv and FusedConv on the device agree with plain loops', () => {
  let device: Device;
  beforeAll(async () => {
    device = await acquireDevice();
  });
  afterAll(() => device.dispose());
  it.each([...cases, ...fused])('$name', (test) => checkCase(device, test));
});
