import { afterAll, beforeAll, describe, it } from 'vitest';
import { acquireDevice, type Device } from '../../src/index.js';
import { checkCase, type ComputeCase } from './compute-case.js';

const fed = (...dims: number[]) => ({ dims });
const constant = (...dims: number[]) => ({ dims, constant: true });
const lengths = (...values: number[]) => ({ dims: [values.length], dataType: 'int32' as const, values });

const cases: readonly ComputeCase[] = [
  {
    name: 'LSTM, both ways, of all inputs',
    opType: 'LSTM',
    attributes: { hidden_size: 69, direction: 'bidirectional', clip: { type: 'float', value: 0.5 } },
    inputs: [
      fed(5, 3, 7),
      constant(2, 276, 7),
      constant(2, 276, 69),
      fed(2, 552),
      lengths(5, 2, 4),
      fed(2, 3, 69),
      fed(2, 3, 69),
      fed(2, 207),
    ],
    outputs: 3,
  },
  {
    name: 'LSTM, batch first, forget gate coupled, weights fed',
    opType: 'LSTM',
    attributes: { hidden_size: 5, layout: 1, input_forget: 1, direction: 'reverse' },
    inputs: [fed(3, 4, 7), fed(1, 20, 7), fed(1, 20, 5), null, null, fed(3, 1, 5)],
    outputs: 3,
  },
  {
    name: 'GRU, both ways, batch first',
    opType: 'GRU',
    attributes: { hidden_size: 67, direction: 'bidirectional', layout: 1 },
    inputs: [fed(2, 5, 3), constant(2, 201, 3), constant(2, 201, 67), constant(2, 402), lengths(3, 5), fed(2, 2, 67)],
    outputs: 2,
  },
  {
    name: 'GRU, reset after the product',
    opType: 'GRU',
    attributes: { hidden_size: 6, linear_before_reset: 1, direction: 'reverse' },
    inputs: [fed(4, 2, 3), constant(1, 18, 3), fed(1, 18, 6), constant(1, 36)],
    outputs: 2,
  },
  {
    name: 'RNN with an activation of its own each way',
    opType: 'RNN',
    attributes: {
      hidden_size: 6,
      direction: 'bidirectional',
      activations: ['HardSigmoid', 'LeakyRelu'],
      activation_alpha: { type: 'floats', value: [0.3, 0.1] },
      activation_beta: { type: 'floats', value: [0.4] },
    },
    inputs: [fed(4, 2, 3), constant(2, 6, 3), constant(2, 6, 6), constant(2, 12)],
    outputs: 2,
  },
];

describe('recurrent networks', () => {
  let device: Device;
  beforeAll(async () => {
    device = await acquireDevice();
  });
  afterAll(() => device.dispose());
  it.each(cases)('$name', (test) => checkCase(device, test));
});
