import { describePeerCases, type PeerCase, type PeerInput } from './peer-case.js';

const domain = 'com.microsoft';
const heads = { num_heads: 3 };
const states = (steps: number, width = 12): PeerInput => ({ dims: [2, steps, width] });
const past: PeerInput = { dims: [2, 3, 6, 4] };
const weights: readonly PeerInput[] = [
  { dims: [10, 36], constant: true },
  { dims: [36], constant: true },
];
const ints = (dims: readonly number[], values: readonly number[]): PeerInput => ({ dims, dataType: 'int32', values });
const longs = (dims: readonly number[], values: readonly number[]): PeerInput => ({ dims, dataType: 'int64', values });

const projected: readonly PeerCase[] = [
  { name: 'Attention', domain, opType: 'Attention', attributes: heads, inputs: [states(5, 10), ...weights] },
  {
    name: 'Attention, causal, of a past and a mask',
    domain,
    opType: 'Attention',
    attributes: { ...heads, unidirectional: 1 },
    outputs: ['y', 'present'],
    inputs: [
      states(3, 10),
      ...weights,
      ints([2, 9], [1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1, 1]),
      { dims: [2, 2, 3, 6, 4] },
    ],
  },
  {
    name: 'Attention with lengths',
    domain,
    opType: 'Attention',
    attributes: heads,
    inputs: [states(5, 10), ...weights, ints([2], [5, 3])],
  },
];

const multiHead: readonly PeerCase[] = [
  {
    name: 'MultiHeadAttention with a bias',
    domain,
    opType: 'MultiHeadAttention',
    attributes: heads,
    inputs: [states(5), states(7), states(7), { dims: [36], constant: true }],
  },
  {
    name: 'MultiHeadAttention with a mask and a bias of the scores',
    domain,
    opType: 'MultiHeadAttention',
    attributes: { ...heads, scale: 0.3 },
    inputs: [
      states(5),
      states(7),
      states(7),
      null,
      ints([2, 7], [1, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1, 0]),
      { dims: [1, 3, 5, 7] },
    ],
  },
  {
    name: 'MultiHeadAttention, causal, behind a past',
    domain,
    opType: 'MultiHeadAttention',
    attributes: { ...heads, unidirectional: 1 },
    outputs: ['y', 'key', 'value'],
    inputs: [states(3), states(3), states(3), null, null, null, past, past],
  },
];

const tables = (pairs: number): readonly PeerInput[] => [
  { dims: [16, pairs], constant: true },
  { dims: [16, pairs], constant: true },
];

const grouped: readonly PeerCase[] = [
  {
    name: 'GroupQueryAttention of a prompt, turned',
    domain,
    opType: 'GroupQueryAttention',
    attributes: { num_heads: 4, kv_num_heads: 2, do_rotary: 1 },
    outputs: ['y', 'key', 'value'],
    inputs: [
      states(5, 64),
      states(5, 32),
      states(5, 32),
      null,
      null,
      ints([2], [4, 4]),
      { ...ints([1], [5]), constant: true },
      ...tables(8),
    ],
  },
  {
    name: 'GroupQueryAttention of one token, in a window',
    domain,
    opType: 'GroupQueryAttention',
    attributes: { num_heads: 4, kv_num_heads: 2, do_rotary: 1, local_window_size: 4 },
    outputs: ['y', 'key', 'value'],
    inputs: [
      states(1, 64),
      states(1, 32),
      states(1, 32),
      { dims: [2, 2, 6, 16] },
      { dims: [2, 2, 6, 16] },
      ints([2], [6, 6]),
      { ...ints([1], [7]), constant: true },
      ...tables(8),
    ],
  },
];

const rotary: readonly PeerCase[] = [
  {
    name: 'RotaryEmbedding',
    domain,
    opType: 'RotaryEmbedding',
    inputs: [states(5, 48), longs([2, 5], [0, 1, 2, 3, 4, 7, 8, 9, 10, 11]), ...tables(8)],
  },
  {
    name: 'RotaryEmbedding from a first place, interleaved',
    domain,
    opType: 'RotaryEmbedding',
    attributes: { interleaved: 1 },
    inputs: [{ dims: [2, 3, 5, 16] }, longs([1], [4]), ...tables(8)],
  },
];

describePeerCases('Attention agrees with onnxruntime', [...projected, ...multiHead, ...grouped, ...rotary]);
