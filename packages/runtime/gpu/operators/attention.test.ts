import { afterAll, beforeAll, describe, it } from 'vitest';
import { acquireDevice, type Device } from '../../src/index.js';
import { checkCase, type ComputeCase } from './compute-case.js';

const fed = (...dims: number[]) => ({ dims });

const cases: readonly ComputeCase[] = [
  {
    name: 'RotaryEmbedding by positions, some elements of packed heads',
    opType: 'RotaryEmbedding',
    opset: 23,
    attributes: { num_heads: 3, rotary_embedding_dim: 6 },
    inputs: [
      fed(2, 5, 24),
      fed(7, 3),
      fed(7, 3),
      { dims: [2, 5], dataType: 'int64', values: [0, 6, 2, 1, 3, 4, 5, 0, 1, 2] },
    ],
  },
  {
    name: 'RotaryEmbedding of neighbours',
    opType: 'RotaryEmbedding',
    opset: 23,
    attributes: { interleaved: 1 },
    inputs: [fed(2, 3, 5, 6), fed(2, 5, 3), fed(2, 5, 3)],
  },
];

describe('attention', () => {
  let device: Device;
  beforeAll(async () => {
    device = await acquireDevice();
  });
  afterAll(() => device.dispose());
  it.each(cases)('$name', (test) => checkCase(device, test));
});
