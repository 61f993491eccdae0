import { afterAll, beforeAll, describe, it } from 'vitest';
import { acquireDevice, type Device } from '../../src/index.js';
import { checkCase, type ComputeCase } from './compute-case.js';

const targets = {
  dims: [3, 7, 11],
  dataType: 'int64' as const,
  values: Array.from({ length: 231 }, (_, i) => (i * i) % 5),
};

const cases = ['NegativeLogLikelihoodLoss', 'SoftmaxCrossEntropyLoss'].flatMap((opType) =>
  ['none', 'sum', 'mean'].map((reduction): ComputeCase => ({
    name: `${opType}, ${reduction}`,
    opType,
    attributes: { reduction, ignore_index: 4 },
    inputs: [{ dims: [3, 5, 7, 11] }, targets, { dims: [5], values: [0.5, 2, 1, 0.25, 3] }],
    outputs: opType === 'SoftmaxCrossEntropyLoss' ? 2 : 1,
  })),
);

describe('losses', () => {
  let device: Device;
  beforeAll(async () => {
    device = await acquireDevice();
  });
  afterAll(() => device.dispose());
  it.each(cases)('$name', (test) => checkCase(device, test));
});
