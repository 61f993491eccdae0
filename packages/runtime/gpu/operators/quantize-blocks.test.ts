import { afterAll, beforeAll, describe, it } from 'vitest';
import { acquireDevice, type Device } from '../../src/index.js';
import { channelsLast, checkCase, type ComputeCase, type InputCase } from './compute-case.js';

const levels = (...dims: number[]): InputCase => {
  const count = dims.reduce((total, size) => total * size, 1);
  return { dims, dataType: 'uint8', values: Array.from({ length: count }, (_, i) => (i * 37) % 251) };
};
const scales = (...dims: number[]): InputCase => {
  const count = dims.reduce((total, size) => total * size, 1);
  return { dims, values: Array.from({ length: count }, (_, i) => 0.01 + (i % 7) / 128) };
};

const cases: readonly ComputeCase[] = [
  {
    name: 'DequantizeLinear of blocks',
    opType: 'DequantizeLinear',
    attributes: { axis: 1, block_size: 2 },
    inputs: [levels(3, 6, 5), scales(3, 3, 5), levels(3, 3, 5)],
  },
  {
    name: 'DequantizeLinear of blocks, the last one shorter',
    opType: 'DequantizeLinear',
    attributes: { axis: -1, block_size: 3 },
    inputs: [levels(3, 7), scales(3, 3), levels(3, 3)],
  },
  {
    name: 'QuantizeLinear of blocks',
    opType: 'QuantizeLinear',
    attributes: { axis: 1, block_size: 2 },
    inputs: [{ dims: [2, 5, 3, 4], order: channelsLast }, scales(2, 3, 3, 4), levels(2, 3, 3, 4)],
  },
];

describe('Quantization by blocks agrees with plain loops', () => {
  let device: Device;
  beforeAll(async () => {
    device = await acquireDevice();
  });
  afterAll(() => device.dispose());
  it.each(cases)('$name', (test) => checkCase(device, test));
});
