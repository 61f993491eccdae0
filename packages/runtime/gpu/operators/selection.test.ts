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
    name: 'TopK of equal elements and integers',
    opType: 'TopK',
    outputs: 2,
    inputs: [{ dims: [2, 5], dataType: 'int32', values: [3, -1, 3, 7, -9, 0, 0, -5, 0, 0] }, ints(4)],
  },
];

describe('Selection agrees on the device with plain loops', () => {
  let device: Device;
  beforeAll(async () => {
    device = await acquireDevice();
  });
  afterAll(() => device.dispose());
  it.each(topK)('$name', (test) => checkCase(device, test));
});
