import type { Int8Arithmetic, Int8ConvProblem, Int8GemmProblem } from '../src/index.js';
import { convProblem, type ConvCase } from './cases.js';
import type { Random } from './random.js';

/** An int8 convolution: the geometry, and what differs from plain int8 to int32 with constant weights. */
export interface Int8Case {
  readonly conv: ConvCase;
  readonly arithmetic?: Partial<Int8Arithmetic>;
}

const plain: Int8Arithmetic = {
  inputType: 'int8',
  inputStorage: 'words',
  inputZero: 0,
  weightType: 'int8',
  weightZero: 'none',
  constantWeights: true,
  bias: false,
  scale: 'none',
  result: { type: 'int32' },
};

export function int8Problem({ conv, arithmetic }: Int8Case): Int8ConvProblem {
  const geometry = convProblem(conv);
  return { ...geometry, ...plain, ...arithmetic };
}

const requantized: Partial<Int8Arithmetic> = {
  inputType: 'uint8',
  inputZero: 131,
  bias: true,
  scale: 'channel',
  result: { type: 'uint8', storage: 'words', zero: 119 },
};

/** What ONNX's integer convolutions need, and what a caller of packed bytes needs. */
export const int8Cases: Readonly<Record<string, Int8Case>> = {
  'sums of whole words': { conv: { channels: [8, 12], size: [5, 7], kernel: [3, 3], pads: [1, 1, 1, 1] } },
  'sums, odd channels, padding of a zero point': {
    conv: { channels: [7, 9], size: [6, 5], kernel: [3, 2], pads: [1, 0, 2, 1], stride: [2, 1], input: 'nchw' },
    arithmetic: { inputZero: -37 },
  },
  'unsigned weights': {
    conv: { channels: [6, 5], size: [4, 7], kernel: [2, 3], pads: [1, 1, 1, 1] },
    arithmetic: { inputType: 'uint8', weightType: 'uint8', inputZero: 'operand', weightZero: 'channel' },
  },
  requantized: {
    conv: { batch: 2, channels: [12, 20], size: [9, 6], kernel: [3, 3], pads: [1, 1, 1, 1] },
    arithmetic: requantized,
  },
  'bytes in and out': {
    conv: { channels: [16, 8], size: [7, 6], kernel: [3, 3], dilation: [2, 1], pads: [2, 1, 2, 1] },
    arithmetic: {
      ...requantized,
      inputStorage: 'bytes',
      result: { type: 'int8', storage: 'bytes', zero: -3, activation: { kind: 'relu' }, divisor: 1.5 },
    },
  },
  'bytes of odd channels, to f32': {
    conv: { channels: [5, 6], size: [7, 6], kernel: [3, 3], output: 'nchw' },
    arithmetic: { inputStorage: 'bytes', scale: 'tensor', result: { type: 'f32', activation: { kind: 'silu' } } },
  },
  groups: {
    conv: { channels: [12, 18], size: [5, 6], kernel: [3, 3], groups: 3, pads: [1, 1, 1, 1] },
    arithmetic: { ...requantized, weightZero: 'tensor' },
  },
  depthwise: {
    conv: { channels: [9, 9], size: [8, 6], kernel: [3, 3], groups: 9, stride: [2, 2], pads: [1, 1, 1, 1] },
    arithmetic: requantized,
  },
  'everything known at the run': {
    conv: { channels: [10, 7], size: [6, 5], kernel: [3, 3], pads: [0, 1, 1, 0] },
    arithmetic: {
      inputType: 'uint8',
      inputZero: 'operand',
      weightType: 'uint8',
      weightZero: 'channel',
      constantWeights: false,
      bias: true,
      scale: 'channel',
      result: { type: 'uint8', storage: 'words', zero: 'operand' },
    },
  },
  volume: {
    conv: {
      channels: [5, 6],
      size: [4, 5],
      kernel: [2, 3],
      pads: [0, 1, 1, 1],
      depth: { size: 4, kernel: 3, pads: [1, 1] },
    },
    arithmetic: { inputZero: 11 },
  },
};

/** A random small product, as MatMulInteger and QLinearMatMul have them. */
export function randomInt8Gemm(source: Random, constantWeights: boolean): Int8GemmProblem {
  const [m, n, k, batch] = [source.int(1, 30), source.int(1, 30), source.int(1, 50), source.int(1, 3)];
  const shared = constantWeights || source.int(0, 1) === 0;
  const type = (): 'int8' | 'uint8' => source.pick(['int8', 'uint8'] as const);
  return {
    ...plain,
    inputType: type(),
    inputZero: source.pick([3, 'operand'] as const),
    weightType: type(),
    weightZero: source.pick(['none', 'tensor', 'channel'] as const),
    constantWeights,
    batch,
    m,
    n,
    k,
    a: { offset: 0, batchStride: m * k, rowStride: k, columnStride: 1 },
    b: { offset: 0, batchStride: shared ? 0 : k * n, rowStride: n, columnStride: 1 },
    c: { offset: 0, batchStride: m * n, rowStride: n, columnStride: 1 },
  };
}
