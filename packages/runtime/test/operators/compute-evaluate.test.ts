import { describe, expect, it } from 'vitest';
import { float32, int64, understandNode, type NodeCase } from './helpers.js';

const tensor = (dims: readonly number[], values: readonly number[]) => ({ dims, values });

const cases: readonly (readonly [string, NodeCase, readonly number[]])[] = [
  [
    'Conv, padded at the bottom and right',
    {
      opType: 'Conv',
      attributes: { pads: [0, 0, 1, 1] },
      inputs: [tensor([1, 1, 2, 3], [1, 2, 3, 4, 5, 6]), tensor([1, 1, 2, 2], [1, 10, 100, 1000]), float32(0.5)],
    },
    [5421.5, 6532.5, 603.5, 54.5, 65.5, 6.5],
  ],
  [
    'Conv in groups',
    {
      opType: 'Conv',
      attributes: { group: 2 },
      inputs: [tensor([1, 2, 1, 2], [1, 2, 3, 4]), tensor([2, 1, 1, 1], [10, 100])],
    },
    [10, 20, 300, 400],
  ],
  [
    'ConvTranspose, stride 2',
    {
      opType: 'ConvTranspose',
      attributes: { strides: [2] },
      inputs: [tensor([1, 1, 3], [1, 2, 3]), tensor([1, 1, 3], [1, 10, 100])],
    },
    [1, 10, 102, 20, 203, 30, 300],
  ],
  [
    'MatMul, broadcast',
    { opType: 'MatMul', inputs: [tensor([2, 1, 2], [1, 2, 3, 4]), tensor([2, 2], [1, 10, 100, 1000])] },
    [201, 2010, 403, 4030],
  ],
  [
    'Gemm',
    {
      opType: 'Gemm',
      attributes: { transB: 1, alpha: 0.5, beta: { type: 'float', value: 2 } },
      inputs: [tensor([1, 2], [2, 4]), tensor([3, 2], [1, 0, 0, 1, 1, 1]), tensor([3], [1, 2, 3])],
    },
    [3, 6, 9],
  ],
  [
    'MaxPool',
    {
      opType: 'MaxPool',
      attributes: { kernel_shape: [2], strides: [2], pads: [1, 0] },
      inputs: [tensor([1, 1, 3], [-1, -2, -3])],
    },
    [-1, -2],
  ],
  [
    'AveragePool leaves padding out',
    { opType: 'AveragePool', attributes: { kernel_shape: [2], pads: [1, 0] }, inputs: [tensor([1, 1, 2], [2, 4])] },
    [2, 3],
  ],
  [
    'AveragePool with count_include_pad',
    {
      opType: 'AveragePool',
      attributes: { kernel_shape: [2], pads: [1, 0], count_include_pad: 1 },
      inputs: [tensor([1, 1, 2], [2, 4])],
    },
    [1, 3],
  ],
  ['GlobalMaxPool', { opType: 'GlobalMaxPool', inputs: [tensor([1, 2, 2], [1, 3, -5, -4])] }, [3, -4]],
  ['ReduceProd of integers, exactly', { opType: 'ReduceProd', inputs: [int64(3, 1000003, 7), int64(0)] }, [21000063]],
  ['ReduceL2', { opType: 'ReduceL2', inputs: [tensor([2, 2], [3, 4, 0, 2]), int64(1)] }, [5, 2]],
  [
    'ReduceLogSumExp without overflow',
    { opType: 'ReduceLogSumExp', inputs: [float32(1000, 1000), int64(0)] },
    [1000 + Math.log(2)],
  ],
  [
    'ArgMin, the last of equal elements',
    { opType: 'ArgMin', attributes: { select_last_index: 1 }, inputs: [float32(2, 1, 1, 3)] },
    [2],
  ],
  [
    'Softmax over everything from axis 1 (opset 11)',
    { opType: 'Softmax', opset: 11, inputs: [tensor([1, 2, 2], [0, 0, 0, 0])] },
    [0.25, 0.25, 0.25, 0.25],
  ],
  [
    'Softmax over the last axis',
    { opType: 'Softmax', inputs: [tensor([1, 2, 2], [0, 0, 0, 0])] },
    [0.5, 0.5, 0.5, 0.5],
  ],
  ['Hardmax, the first of equal elements', { opType: 'Hardmax', inputs: [float32(1, 3, 3)] }, [0, 1, 0]],
  [
    'BatchNormalization',
    {
      opType: 'BatchNormalization',
      attributes: { epsilon: { type: 'float', value: 0 } },
      inputs: [tensor([1, 2, 1], [3, 5]), float32(2, 1), float32(1, 0), float32(1, 1), float32(4, 16)],
    },
    [3, 1],
  ],
  [
    'InstanceNormalization',
    {
      opType: 'InstanceNormalization',
      attributes: { epsilon: { type: 'float', value: 0 } },
      inputs: [tensor([1, 1, 2], [1, 3]), float32(2), float32(10)],
    },
    [8, 12],
  ],
  [
    'LpNormalization, p 1',
    { opType: 'LpNormalization', attributes: { p: 1 }, inputs: [float32(1, -3)] },
    [0.25, -0.75],
  ],
  ['LpNormalization of zeros', { opType: 'LpNormalization', inputs: [float32(0, 0)] }, [0, 0]],
  [
    'LRN',
    {
      opType: 'LRN',
      attributes: { size: 3, alpha: { type: 'float', value: 3 }, beta: { type: 'float', value: 1 } },
      inputs: [tensor([1, 3, 1], [1, 2, 3])],
    },
    [1 / 6, 2 / 15, 3 / 14],
  ],
];

describe('Constants are folded by plain loops', () => {
  it.each(cases)('%s', (_, test, values) => {
    const [{ values: actual }] = understandNode(test);
    expect(actual).toHaveLength(values.length);
    values.forEach((value, i) => expect(actual![i]).toBeCloseTo(value, 4));
  });

  it('gives the positions of maxima in the whole tensor', () => {
    const [, indices] = understandNode({
      opType: 'MaxPool',
      attributes: { kernel_shape: [1, 2] },
      inputs: [tensor([1, 2, 1, 3], [1, 3, 2, 9, 8, 7])],
      outputs: 2,
    });
    expect(indices.values).toEqual([1, 1, 3, 4]);
  });
});
