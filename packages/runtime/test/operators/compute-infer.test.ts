import { describe, expect, it } from 'vitest';
import { float32, int64, understandNode, type NodeCase } from './helpers.js';

const shaped = (...dims: (number | string)[]) => ({ dims });

const shapes: readonly (readonly [string, NodeCase, readonly (number | string)[]])[] = [
  [
    'Conv keeps symbols where pads make up for the kernel',
    { opType: 'Conv', attributes: { pads: [1, 1, 1, 1] }, inputs: [shaped('N', 3, 'H', 'W'), shaped(8, 3, 3, 3)] },
    ['N', 8, 'H', 'W'],
  ],
  [
    'Conv writes expressions for strides over symbols',
    {
      opType: 'Conv',
      attributes: { pads: [1, 0, 1, 0], strides: [2, 1] },
      inputs: [shaped('N', 3, 'H', 'W'), shaped(8, 3, 3, 3)],
    },
    ['N', 8, '(floor((H-1)/2)+1)', '(W-2)'],
  ],
  [
    'Conv with SAME_UPPER',
    {
      opType: 'Conv',
      attributes: { auto_pad: 'SAME_UPPER', strides: [2, 3] },
      inputs: [shaped(1, 3, 'H', 10), shaped(8, 3, 5, 4)],
    },
    [1, 8, 'ceil(H/2)', 4],
  ],
  [
    'ConvTranspose',
    {
      opType: 'ConvTranspose',
      attributes: { strides: [2, 3], output_padding: [1, 0], pads: [1, 0, 0, 2], group: 2 },
      inputs: [shaped(1, 4, 5, 7), shaped(4, 3, 3, 4)],
    },
    [1, 6, 11, 20],
  ],
  [
    'MaxPool, ceil_mode',
    {
      opType: 'MaxPool',
      attributes: { kernel_shape: [2, 2], strides: [2, 2], ceil_mode: 1 },
      inputs: [shaped(1, 3, 7, 8)],
    },
    [1, 3, 4, 4],
  ],
  [
    'MaxPool drops a window that would start behind the input',
    { opType: 'MaxPool', attributes: { kernel_shape: [1], strides: [2], ceil_mode: 1 }, inputs: [shaped(1, 3, 4)] },
    [1, 3, 2],
  ],
  ['GlobalAveragePool', { opType: 'GlobalAveragePool', inputs: [shaped('N', 3, 'H', 'W')] }, ['N', 3, 1, 1]],
  ['MatMul broadcasts batches', { opType: 'MatMul', inputs: [shaped('B', 1, 5, 7), shaped(4, 7, 9)] }, ['B', 4, 5, 9]],
  ['MatMul of a vector', { opType: 'MatMul', inputs: [shaped(7), shaped('B', 7, 9)] }, ['B', 9]],
  [
    'Gemm with transposes',
    { opType: 'Gemm', attributes: { transA: 1, transB: 1 }, inputs: [shaped(7, 'M'), shaped(9, 7)] },
    ['M', 9],
  ],
  ['ReduceSum by input', { opType: 'ReduceSum', inputs: [shaped('N', 3, 5), int64(-1)] }, ['N', 3, 1]],
  [
    'ReduceMax without keepdims',
    { opType: 'ReduceMax', attributes: { keepdims: 0 }, inputs: [shaped('N', 3, 5), int64(1)] },
    ['N', 5],
  ],
  [
    'ReduceMean by attribute',
    { opType: 'ReduceMean', opset: 13, attributes: { axes: [0, -1] }, inputs: [shaped('N', 3, 5)] },
    [1, 3, 1],
  ],
  ['ArgMax', { opType: 'ArgMax', attributes: { axis: 1, keepdims: 0 }, inputs: [shaped('N', 3, 5)] }, ['N', 5]],
  ['Softmax', { opType: 'Softmax', inputs: [shaped('N', 3)] }, ['N', 3]],
];

const failures: readonly (readonly [string, NodeCase, RegExp])[] = [
  [
    'channels that do not fit',
    { opType: 'Conv', inputs: [shaped(1, 4, 5, 5), shaped(8, 3, 3, 3)] },
    /X has 4 channels but W needs 3 x group 1/,
  ],
  [
    'a group that does not divide',
    { opType: 'Conv', attributes: { group: 3 }, inputs: [shaped(1, 9, 5, 5), shaped(8, 3, 3, 3)] },
    /group 3 does not divide/,
  ],
  [
    'too few pads',
    { opType: 'Conv', attributes: { pads: [1, 1] }, inputs: [shaped(1, 3, 5, 5), shaped(8, 3, 3, 3)] },
    /pads has 2 values; 2 spatial dimensions need 4/,
  ],
  [
    'a kernel_shape other than W has',
    { opType: 'Conv', attributes: { kernel_shape: [5, 5] }, inputs: [shaped(1, 3, 5, 5), shaped(8, 3, 3, 3)] },
    /kernel_shape is \[5, 5\] but the weights have \[3, 3\]/,
  ],
  [
    'a window larger than the input',
    { opType: 'MaxPool', attributes: { kernel_shape: [4] }, inputs: [shaped(1, 3, 2)] },
    /window of 4 does not fit/,
  ],
  [
    'columns and rows that differ',
    { opType: 'MatMul', inputs: [shaped(5, 7), shaped(6, 9)] },
    /7 columns and B \[6, 9\] has 6 rows/,
  ],
  [
    'batches that do not broadcast',
    { opType: 'MatMul', inputs: [shaped(2, 5, 7), shaped(3, 7, 9)] },
    /do not broadcast/,
  ],
  [
    'an axis outside the rank',
    { opType: 'Softmax', attributes: { axis: 2 }, inputs: [shaped(2, 3)] },
    /axis 2 is outside/,
  ],
  [
    'a hidden size unlike the weights',
    { opType: 'GRU', attributes: { hidden_size: 5 }, inputs: [shaped(7, 2, 3), shaped(1, 12, 3), shaped(1, 12, 4)] },
    /hidden_size is 5, but R has 4 columns/,
  ],
  [
    'an unknown auto_pad',
    { opType: 'Conv', attributes: { auto_pad: 'SAME' }, inputs: [shaped(1, 3, 5, 5), shaped(8, 3, 3, 3)] },
    /auto_pad is "SAME"/,
  ],
];

describe('Shapes of convolutions, matrix products, pooling and reductions', () => {
  it.each(shapes)('%s', (_, test, shape) => {
    expect(understandNode(test)[0].shape).toEqual(shape);
  });

  it.each(failures)('refuses %s', (_, test, message) => {
    expect(() => understandNode(test)).toThrow(message);
  });

  it('leaves the shape open where axes are computed', () => {
    const [{ shape }] = understandNode({
      opType: 'ReduceSum',
      inputs: [shaped(2, 3), { dims: [1], dataType: 'int64' }],
    });
    expect(shape).toHaveLength(2);
    expect(shape!.every((dim) => typeof dim === 'string')).toBe(true);
  });

  it('gives int64 for the indices of ArgMax and MaxPool', () => {
    expect(understandNode({ opType: 'ArgMax', inputs: [float32(1, 2)] })[0].dataType).toBe('int64');
    const pool = { opType: 'MaxPool', attributes: { kernel_shape: [2] }, inputs: [shaped(1, 1, 4)], outputs: 2 };
    expect(understandNode(pool)[1].dataType).toBe('int64');
  });
});
