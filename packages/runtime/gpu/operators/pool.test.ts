import { afterAll, beforeAll, describe, it } from 'vitest';
import { acquireDevice, type Device } from '../../src/index.js';
import { channelsLast, checkCase, type ComputeCase, type InputCase } from './compute-case.js';

const rowMajor: InputCase = { dims: [2, 3, 11, 7] };
const vectors: InputCase = { dims: [2, 8, 11, 7], order: channelsLast };

const windows: readonly (readonly [string, NonNullable<ComputeCase['attributes']>])[] = [
  ['asymmetric pads, strides', { kernel_shape: [3, 2], strides: [2, 1], pads: [1, 0, 2, 1] }],
  ['ceil_mode', { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 }],
  ['ceil_mode with pads', { kernel_shape: [2, 3], strides: [3, 2], ceil_mode: 1, pads: [1, 1, 0, 1] }],
  ['SAME_UPPER', { kernel_shape: [3, 4], strides: [2, 3], auto_pad: 'SAME_UPPER' }],
  ['dilated', { kernel_shape: [3, 2], dilations: [2, 3] }],
];

const planes = (opType: string, attributes: ComputeCase['attributes'] = {}): readonly ComputeCase[] =>
  windows.flatMap(([name, window]) =>
    [rowMajor, vectors].map((input) => ({
      name: `${opType}, ${name}, ${input.order ? 'channels-last' : 'row-major'}`,
      opType,
      opset: 22,
      attributes: { ...window, ...attributes },
      inputs: [input],
    })),
  );

const cases: readonly ComputeCase[] = [
  ...planes('MaxPool'),
  ...planes('AveragePool'),
  ...planes('AveragePool', { count_include_pad: 1 }),
  ...planes('LpPool', { p: 3 }).slice(0, 4),
  {
    name: 'MaxPool 1-D',
    opType: 'MaxPool',
    attributes: { kernel_shape: [3], strides: [2] },
    inputs: [{ dims: [2, 5, 18] }],
  },
  ...[0, 1].map((order): ComputeCase => ({
    name: `MaxPool with Indices, storage_order ${order}`,
    opType: 'MaxPool',
    attributes: { kernel_shape: [3, 2], strides: [2, 1], pads: [1, 0, 1, 1], storage_order: order },
    inputs: [order === 1 ? vectors : rowMajor],
    outputs: 2,
  })),
  {
    name: 'AveragePool 3-D',
    opType: 'AveragePool',
    attributes: { kernel_shape: [2, 3, 2], pads: [1, 0, 1, 0, 1, 1] },
    inputs: [{ dims: [1, 4, 5, 6, 7] }],
  },
  {
    name: 'MaxPool of int8',
    opType: 'MaxPool',
    attributes: { kernel_shape: [2, 2] },
    inputs: [{ dims: [1, 1, 3, 4], dataType: 'int8', values: [-9, -8, -7, -100, 5, -128, -6, -5, -127, 0, 1, 2] }],
  },
  { name: 'GlobalAveragePool', opType: 'GlobalAveragePool', inputs: [rowMajor] },
  {
    name: 'GlobalAveragePool, channels-last',
    opType: 'GlobalAveragePool',
    inputs: [{ dims: [2, 37, 11, 7], order: channelsLast }],
  },
  { name: 'GlobalAveragePool, large planes', opType: 'GlobalAveragePool', inputs: [{ dims: [1, 5, 67, 131] }] },
  {
    name: 'GlobalAveragePool, large channels-last planes',
    opType: 'GlobalAveragePool',
    inputs: [{ dims: [1, 20, 67, 131], order: channelsLast }],
  },
  { name: 'GlobalMaxPool', opType: 'GlobalMaxPool', inputs: [{ dims: [2, 5, 17] }] },
  { name: 'GlobalLpPool', opType: 'GlobalLpPool', attributes: { p: 3 }, inputs: [rowMajor] },
];

describe('Pooling on the device agrees with plain loops', () => {
  let device: Device;
  beforeAll(async () => {
    device = await acquireDevice();
  });
  afterAll(() => device.dispose());
  it.each(cases)('$name', (test) => checkCase(device, test));
});
