import { describe, expect, it } from 'vitest';
import type { Dim } from '../../src/graph.js';
import { float32, int64, understandNode, type NodeCase, type NodeInput } from './helpers.js';

const image: NodeInput = { dims: ['N', 3, 'H', 6] };
const fed = (...dims: (number | string)[]): NodeInput => ({ dims });

const shapes: readonly (readonly [name: string, test: NodeCase, shape: readonly Dim[]])[] = [
  ['symbols broadcast with 1', { opType: 'Add', inputs: [image, fed(3, 1, 1)] }, ['N', 3, 'H', 6]],
  ['equal symbols stay', { opType: 'Mul', inputs: [image, fed('N', 1, 'H', 1)] }, ['N', 3, 'H', 6]],
  ['a symbol gives way to a size', { opType: 'Add', inputs: [fed('N', 4), fed(7, 1)] }, [7, 4]],
  ['Reshape cancels symbols', { opType: 'Reshape', inputs: [image, int64(0, -1)] }, ['N', '(H*18)']],
  ['Reshape moves what is left into -1', { opType: 'Reshape', inputs: [fed('N', 8, 4), int64(-1, 16)] }, ['(N*2)', 16]],
  ['Flatten', { opType: 'Flatten', inputs: [fed('N', 2, 3)] }, ['N', 6]],
  ['Squeeze keeps symbols', { opType: 'Squeeze', inputs: [fed('N', 1, 3)] }, ['N', 3]],
  ['Unsqueeze', { opType: 'Unsqueeze', inputs: [fed('N', 3), int64(-1, 0)] }, [1, 'N', 3, 1]],
  ['Transpose', { opType: 'Transpose', attributes: { perm: [0, 2, 3, 1] }, inputs: [image] }, ['N', 'H', 6, 3]],
  [
    'Slice to the end',
    { opType: 'Slice', inputs: [image, int64(1), int64(2 ** 31 - 1), int64(2)] },
    ['N', 3, '(H-1)', 6],
  ],
  ['Slice from the end', { opType: 'Slice', inputs: [image, int64(-2), int64(2 ** 31 - 1), int64(2)] }, ['N', 3, 2, 6]],
  [
    'Concat adds symbols',
    { opType: 'Concat', attributes: { axis: 0 }, inputs: [fed('N', 3), fed(2, 3)] },
    ['(N+2)', 3],
  ],
  [
    'Gather of a scalar index',
    { opType: 'Gather', attributes: { axis: 1 }, inputs: [image, { ...int64(0), dims: [] }] },
    ['N', 'H', 6],
  ],
  ['Pad', { opType: 'Pad', inputs: [image, int64(0, 0, 1, 2, 0, 0, 1, 0)] }, ['N', 3, '((H+1)+1)', 8]],
  ['Tile', { opType: 'Tile', inputs: [image, int64(1, 2, 2, 1)] }, ['N', 6, '(H*2)', 6]],
  [
    'Resize by whole scales',
    { opType: 'Resize', inputs: [image, null, float32(1, 1, 2, 1.5)] },
    ['N', 3, '(H*2)', expect.any(String)],
  ],
  [
    'DepthToSpace',
    { opType: 'DepthToSpace', attributes: { blocksize: 2 }, inputs: [fed('N', 8, 'H', 6)] },
    ['N', 2, '(H*2)', 12],
  ],
];

const failures: readonly (readonly [name: string, test: NodeCase, message: string])[] = [
  [
    'shapes that do not broadcast',
    { opType: 'Add', inputs: [fed(2, 3), fed(4)] },
    'node "node" (Add): the input shapes [2, 3] and [4] do not broadcast to one shape',
  ],
  [
    'a wrong element count',
    { opType: 'Reshape', inputs: [fed(2, 3), int64(4, 2)] },
    'the input [2, 3] cannot be reshaped to [4, 2]',
  ],
  [
    'a -1 that does not divide',
    { opType: 'Reshape', inputs: [fed(2, 3), int64(4, -1)] },
    'the input [2, 3] cannot be reshaped to [4, -1]',
  ],
  [
    'an axis outside',
    { opType: 'Transpose', attributes: { perm: [0, 2] }, inputs: [fed(2, 3)] },
    'axis 2 is outside [-2, 2) of a tensor of rank 2',
  ],
  ['an axis given twice', { opType: 'Unsqueeze', inputs: [fed(2), int64(0, 0)] }, 'axes [0, 0] name a dimension twice'],
  [
    'Squeeze of a longer dimension',
    { opType: 'Squeeze', inputs: [fed(2, 3), int64(1)] },
    'dimension 1 of the input [2, 3] is 3',
  ],
  [
    'Concat of unlike inputs',
    { opType: 'Concat', attributes: { axis: 0 }, inputs: [fed(2, 3), fed(2, 4)] },
    'the inputs [2, 3], [2, 4] differ outside the axis of concatenation',
  ],
  [
    'Split that does not add up',
    { opType: 'Split', inputs: [fed(5), int64(2, 2)], outputs: 2 },
    'split [2, 2] must have sizes from 0 that add up to 5',
  ],
  ['a missing attribute', { opType: 'Concat', inputs: [fed(2)] }, 'node "node" (Concat): attribute axis is missing'],
  [
    'an attribute of the wrong type',
    { opType: 'Concat', attributes: { axis: 'x' }, inputs: [fed(2)] },
    'attribute axis is of type string; it must be int',
  ],
  [
    'an index outside',
    { opType: 'Gather', inputs: [float32(1, 2), int64(2)] },
    'index 2 is outside a dimension of size 2',
  ],
  [
    'pads of the wrong length',
    { opType: 'Pad', inputs: [fed(2, 3), int64(1, 1)] },
    'pads has 2 values; 2 dimensions need 4',
  ],
  [
    'an unknown pad mode',
    { opType: 'Pad', attributes: { mode: 'mirror' }, inputs: [float32(1), int64(1, 1)] },
    'mode is "mirror"',
  ],
  [
    'a Cast to what is not supported',
    { opType: 'Cast', attributes: { to: 14 }, inputs: [fed(2)] },
    'attribute to is 14',
  ],
];

describe('Shape inference', () => {
  it.each(shapes)('%s', (_, test, shape) => {
    expect(understandNode(test)[0].shape).toEqual(shape);
  });

  it.each(failures)('refuses %s', (_, test, message) => {
    expect(() => understandNode(test)).toThrow(message);
  });
});
