import { afterAll, beforeAll, describe, it } from 'vitest';
import { acquireDevice, type Device } from '../../src/index.js';
import { checkCase, type ComputeCase, type InputCase } from './compute-case.js';

const count = (dims: readonly number[]) => dims.reduce((total, size) => total * size, 1);
const levels = (dims: readonly number[], dataType: 'int8' | 'uint8', constant = true): InputCase => {
  const low = dataType === 'int8' ? -128 : 0;
  return { dims, dataType, constant, values: Array.from({ length: count(dims) }, (_, i) => low + ((i * 97) % 256)) };
};
const scalar = (value: number): InputCase => ({ dims: [], values: [value], constant: true });
const zero = (value: number, dataType: 'int8' | 'uint8'): InputCase => ({
  dims: [],
  dataType,
  values: [value],
  constant: true,
});
const scales = (length: number): InputCase => ({
  dims: [length],
  constant: true,
  values: Array.from({ length }, (_, i) => 0.01 + i / 512),
});
const bias = (length: number): InputCase => ({
  dims: [length],
  dataType: 'int32',
  constant: true,
  values: Array.from({ length }, (_, i) => 700 - 401 * i),
});

/** Results of 8 bits may differ by one step, where a sum lies between two. */
const oneStep = 1 / 127;

const cases: readonly ComputeCase[] = [
  {
    name: 'QuantizedConv to uint8, a scale for each channel, with a bias and a Relu',
    opType: 'QuantizedConv',
    domain: 'tessera',
    tolerance: oneStep,
    attributes: { pads: [1, 0, 1, 1], strides: [2, 1], activation: 'relu' },
    inputs: [
      levels([2, 5, 9, 7], 'uint8', false),
      scalar(0.03),
      zero(117, 'uint8'),
      levels([6, 5, 3, 3], 'int8'),
      scales(6),
      null,
      scalar(0.9),
      zero(3, 'uint8'),
      bias(6),
    ],
  },
  {
    name: 'QuantizedConv in groups to int8, with zero points of the weights',
    opType: 'QuantizedConv',
    domain: 'tessera',
    tolerance: oneStep,
    attributes: { group: 2, dilations: [1, 2] },
    inputs: [
      levels([1, 6, 5, 8], 'int8', false),
      scalar(0.02),
      zero(-5, 'int8'),
      levels([4, 3, 2, 3], 'uint8'),
      scalar(0.01),
      zero(128, 'uint8'),
      scalar(0.4),
      zero(-7, 'int8'),
    ],
  },
  {
    name: 'QuantizedMatMul to float32',
    opType: 'QuantizedMatMul',
    domain: 'tessera',
    tolerance: 1e-6,
    inputs: [
      levels([2, 5, 37], 'uint8', false),
      scalar(0.02),
      zero(120, 'uint8'),
      levels([37, 11], 'int8'),
      scales(11),
      null,
      null,
      null,
      bias(11),
    ],
  },
  {
    name: 'QuantizedMatMul of a transposed matrix to uint8',
    opType: 'QuantizedMatMul',
    domain: 'tessera',
    tolerance: oneStep,
    attributes: { transB: 1 },
    inputs: [
      levels([5, 16], 'uint8', false),
      scalar(0.02),
      null,
      levels([9, 16], 'int8'),
      scales(9),
      null,
      scalar(0.7),
      zero(90, 'uint8'),
    ],
  },
];

describe('Products of 8-bit integers agree with plain loops', () => {
  let device: Device;
  beforeAll(async () => {
    device = await acquireDevice();
  });
  afterAll(() => device.dispose());
  it.each(cases)('$name', (test) => checkCase(device, test));
});
