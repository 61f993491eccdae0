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
  {
    name: 'Attention, packed heads in groups, causal, all outputs',
    opType: 'Attention',
    opset: 23,
    attributes: {
      q_num_heads: 4,
      kv_num_heads: 2,
      is_causal: 1,
      softcap: { type: 'float', value: 0.7 },
      qk_matmul_output_mode: 1,
    },
    inputs: [fed(2, 3, 20), fed(2, 5, 10), fed(2, 5, 14), fed(3, 9), fed(2, 2, 4, 5), fed(2, 2, 4, 7)],
    outputs: 4,
  },
  {
    name: 'Attention, rank 4, a mask for each head, the probabilities',
    opType: 'Attention',
    opset: 23,
    attributes: { scale: { type: 'float', value: 0.3 }, qk_matmul_output_mode: 3 },
    inputs: [
      fed(2, 6, 7, 5),
      fed(2, 3, 67, 5),
      fed(2, 3, 67, 6),
      {
        dims: [6, 1, 67],
        dataType: 'bool',
        values: Array.from({ length: 402 }, (_, i) => (i < 67 || i % 3 === 0 ? 0 : 1)),
      },
    ],
    outputs: 4,
  },
  {
    name: 'Attention, one head each, real keys counted (opset 24)',
    opType: 'Attention',
    opset: 24,
    attributes: { q_num_heads: 3, kv_num_heads: 3, is_causal: 1 },
    inputs: [
      fed(2, 4, 15),
      fed(2, 9, 15),
      fed(2, 9, 12),
      fed(2, 1, 4, 7),
      null,
      null,
      { dims: [2], dataType: 'int64', values: [8, 5] },
    ],
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
