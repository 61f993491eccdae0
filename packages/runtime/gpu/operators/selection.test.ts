import { afterAll, beforeAll, describe, it } from 'vitest';
import { acquireDevice, type Device } from '../../src/index.js';
import { channelsLast, checkCase, type ComputeCase, type InputCase } from './compute-case.js';

const x: InputCase = { dims: [2, 3, 5, 7] };
const last: InputCase = { ...x, order: channelsLast };
const ints = (...values: number[]): InputCase => ({ dims: [values.length], dataType: 'int64', values, constant: true });

const topK: readonly ComputeCase[] = [
  { name: 'TopK', opType: 'TopK', outputs: 2, inputs: [x, ints(3)] },
  { name: 'TopK by channel', opType: 'TopK', outputs: 2, attributes: { axis: 1, largest: 0 }, inputs: [last, ints(2)] },
  { name: 'TopK of rows longer than a workgroup', opType: 'TopK', outputs: 2, inputs: [{ dims: [3, 601] }, ints(300)] },
  {
    name: 'TopK of rows long enough to be cut, along a dimension that is not the last',
    opType: 'TopK',
    outputs: 2,
    attributes: { axis: 0 },
    inputs: [{ dims: [5003, 2] }, ints(7)],
  },
  {
    name: 'TopK of many equal elements in a long row',
    opType: 'TopK',
    outputs: 2,
    attributes: { largest: 0 },
    inputs: [{ dims: [2, 4700], dataType: 'int32', values: Array.from({ length: 9400 }, (_, i) => i % 5) }, ints(600)],
  },
  {
    name: 'TopK of equal elements and integers',
    opType: 'TopK',
    outputs: 2,
    inputs: [{ dims: [2, 5], dataType: 'int32', values: [3, -1, 3, 7, -9, 0, 0, -5, 0, 0] }, ints(4)],
  },
];

const scans: readonly ComputeCase[] = [
  { name: 'CumProd', opType: 'CumProd', opset: 26, inputs: [last, { ...ints(2), dims: [] }] },
  {
    name: 'CumProd, exclusive and reverse',
    opType: 'CumProd',
    opset: 26,
    attributes: { exclusive: 1, reverse: 1 },
    inputs: [x, { ...ints(-1), dims: [] }],
  },
  { name: 'Shrink', opType: 'Shrink', attributes: { lambd: 0.25, bias: 0.125 }, inputs: [last] },
];

const sequences: readonly ComputeCase[] = [
  { name: 'ReverseSequence', opType: 'ReverseSequence', inputs: [{ dims: [5, 3, 7] }, ints(1, 5, 3)] },
  {
    name: 'ReverseSequence, batch first, fed lengths',
    opType: 'ReverseSequence',
    attributes: { batch_axis: 0, time_axis: 1 },
    inputs: [{ dims: [3, 5, 2, 7] }, { ...ints(4, 0, 2), constant: false }],
  },
];

const crops: readonly ComputeCase[] = [
  { name: 'CenterCropPad', opType: 'CenterCropPad', inputs: [last, ints(2, 6, 2, 8)] },
  { name: 'CenterCropPad of axes', opType: 'CenterCropPad', attributes: { axes: [-1, 2] }, inputs: [x, ints(10, 4)] },
];

const images: readonly ComputeCase[] = [
  {
    name: 'Col2Im',
    opType: 'Col2Im',
    attributes: { pads: [1, 0, 0, 1], strides: [2, 1], dilations: [1, 2] },
    inputs: [{ dims: [2, 18, 18] }, ints(7, 7), ints(3, 2)],
  },
  { name: 'AffineGrid', opType: 'AffineGrid', inputs: [{ dims: [2, 2, 3] }, ints(2, 3, 5, 7)] },
  {
    name: 'AffineGrid, 3-D',
    opType: 'AffineGrid',
    attributes: { align_corners: 1 },
    inputs: [{ dims: [2, 3, 4] }, ints(2, 3, 4, 5, 6)],
  },
];

const transforms: readonly ComputeCase[] = [
  { name: 'DFT', opType: 'DFT', inputs: [{ dims: [2, 5, 7, 2] }, null, { ...ints(1), dims: [] }] },
  { name: 'DFT, one-sided', opType: 'DFT', attributes: { onesided: 1 }, inputs: [{ dims: [3, 9, 1] }] },
  {
    name: 'DFT, inverse and longer than the signal',
    opType: 'DFT',
    opset: 19,
    attributes: { inverse: 1, axis: 1 },
    inputs: [{ dims: [2, 5, 3, 2] }, { ...ints(8), dims: [] }],
  },
];

describe('Selection, scans and rearrangement agree on the device with plain loops', () => {
  let device: Device;
  beforeAll(async () => {
    device = await acquireDevice();
  });
  afterAll(() => device.dispose());
  it.each([...topK, ...scans, ...sequences, ...crops, ...images, ...transforms])('$name', (test) =>
    checkCase(device, test),
  );
});
