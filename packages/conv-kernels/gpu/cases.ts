import {
  convOutputSize,
  type ActivationLayout,
  type ConvProblem,
  type DepthAxis,
  type GemmProblem,
} from '../src/index.js';
import type { Random } from './random.js';

type Dims = readonly [number, number, number, number];

/** Dense layouts, and a view of channels in the middle of a wider channels-last tensor. */
export const layouts = {
  nhwc: ([, c, h, w]: Dims): ActivationLayout => ({ offset: 0, strides: [h * w * c, 1, w * c, c] }),
  nchw: ([, c, h, w]: Dims): ActivationLayout => ({ offset: 0, strides: [c * h * w, h * w, w, 1] }),
  slice: ([, c, h, w]: Dims): ActivationLayout => {
    const wide = c + 12;
    return { offset: 4, strides: [h * w * wide, 1, w * wide, wide] };
  },
  oddSlice: ([, c, h, w]: Dims): ActivationLayout => {
    const wide = c + 5;
    return { offset: 3, strides: [h * w * wide, 1, w * wide, wide] };
  },
} as const;

export type LayoutName = keyof typeof layouts;

/** What a case says; the rest has plain defaults. */
export interface ConvCase {
  readonly batch?: number;
  readonly channels: readonly [number, number];
  readonly size: readonly [number, number];
  readonly kernel?: readonly [number, number];
  readonly stride?: readonly [number, number];
  readonly dilation?: readonly [number, number];
  /** Top, left, bottom, right. */
  readonly pads?: readonly [number, number, number, number];
  readonly groups?: number;
  /** The third spatial dimension; pads are front and back. */
  readonly depth?: {
    readonly size: number;
    readonly kernel: number;
    readonly stride?: number;
    readonly dilation?: number;
    readonly pads?: readonly [number, number];
  };
  readonly elementType?: 'f32' | 'f16';
  readonly input?: LayoutName;
  readonly output?: LayoutName;
  readonly residual?: LayoutName;
  readonly bias?: boolean;
  readonly activation?: ConvProblem['epilogue']['activation'];
  readonly slope?: boolean;
}

/** The whole problem of a case. */
export function convProblem(c: ConvCase): ConvProblem {
  const [kernelHeight, kernelWidth] = c.kernel ?? [1, 1];
  const [strideHeight, strideWidth] = c.stride ?? [1, 1];
  const [dilationHeight, dilationWidth] = c.dilation ?? [1, 1];
  const [padTop, padLeft, padBottom, padRight] = c.pads ?? [0, 0, 0, 0];
  const [inChannels, outChannels] = c.channels;
  const [inHeight, inWidth] = c.size;
  const batch = c.batch ?? 1;
  const inDepth = c.depth?.size ?? 1;
  const input = layouts[c.input ?? 'nhwc']([batch, inChannels, inDepth * inHeight, inWidth]);
  const base = {
    batch,
    inChannels,
    inHeight,
    inWidth,
    outChannels,
    kernelHeight,
    kernelWidth,
    strideHeight,
    strideWidth,
  };
  const more = { dilationHeight, dilationWidth, padTop, padLeft, padBottom, padRight, groups: c.groups ?? 1 };
  const problem: ConvProblem = {
    ...base,
    ...more,
    elementType: c.elementType ?? 'f32',
    depth: c.depth && depthAxis(c.depth, inHeight * input.strides[2]),
    input,
    output: input,
    epilogue: { bias: c.bias ?? false, activation: c.activation, slope: c.slope },
  };
  const { depth, height, width } = convOutputSize(problem);
  // Slices follow each other as the rows of one tall image would.
  const outDims: Dims = [batch, outChannels, depth * height, width];
  const output = layouts[c.output ?? 'nhwc'](outDims);
  const residual = c.residual && layouts[c.residual](outDims);
  const outputStride = height * output.strides[2];
  const residualStride = residual && height * residual.strides[2];
  return {
    ...problem,
    depth: problem.depth && { ...problem.depth, outputStride, residualStride },
    output,
    epilogue: { ...problem.epilogue, residual },
  };
}

function depthAxis(depth: NonNullable<ConvCase['depth']>, inputStride: number): DepthAxis {
  const [padFront, padBack] = depth.pads ?? [0, 0];
  return {
    inDepth: depth.size,
    kernelDepth: depth.kernel,
    strideDepth: depth.stride ?? 1,
    dilationDepth: depth.dilation ?? 1,
    padFront,
    padBack,
    inputStride,
    outputStride: 0,
  };
}

/** Convolutions of volumes. */
const volumeCases: Readonly<Record<string, ConvCase>> = {
  'volume 3x3x3 with residual': {
    batch: 2,
    channels: [8, 12],
    size: [5, 7],
    kernel: [3, 3],
    pads: [1, 1, 1, 1],
    depth: { size: 6, kernel: 3, pads: [1, 1] },
    bias: true,
    residual: 'nhwc',
    activation: { kind: 'relu' },
  },
  'volume, unequal everything, groups': {
    batch: 2,
    channels: [6, 10],
    size: [8, 5],
    kernel: [2, 3],
    stride: [2, 1],
    dilation: [1, 2],
    pads: [0, 2, 1, 1],
    groups: 2,
    depth: { size: 7, kernel: 2, stride: 3, dilation: 2, pads: [1, 2] },
    bias: true,
  },
  'volume, NCDHW': {
    channels: [3, 4],
    size: [6, 7],
    kernel: [3, 2],
    depth: { size: 4, kernel: 3 },
    input: 'nchw',
    output: 'nchw',
  },
  'volume, one tap': { channels: [4, 8], size: [3, 5], depth: { size: 4, kernel: 1, stride: 2 }, slope: true },
};

/** Cases only for dense 3x3 kernels of stride 1: tiles of outputs cut at the edges, in both sizes of tile. */
const winogradCases: Readonly<Record<string, ConvCase>> = {
  '3x3, many tiles of 4x4': {
    batch: 2,
    channels: [12, 20],
    size: [19, 14],
    kernel: [3, 3],
    pads: [1, 1, 1, 1],
    bias: true,
    residual: 'nhwc',
    activation: { kind: 'relu' },
  },
  '3x3, few tiles of 2x2': { channels: [36, 68], size: [7, 6], kernel: [3, 3], pads: [1, 1, 1, 1], bias: true },
  '3x3, one output': { channels: [4, 8], size: [3, 3], kernel: [3, 3] },
  '3x3, odd channels, unequal pads, NCHW': {
    channels: [7, 9],
    size: [10, 17],
    kernel: [3, 3],
    pads: [2, 0, 0, 1],
    input: 'nchw',
    output: 'nchw',
    residual: 'nchw',
    bias: true,
  },
};

/** Large kernels: tiles that overlap, pairs of tiles of which one is missing, strides and dilations in the tile. */
const largeKernelCases: Readonly<Record<string, ConvCase>> = {
  '11x11, several tiles': {
    batch: 2,
    channels: [3, 6],
    size: [50, 37],
    kernel: [11, 11],
    pads: [5, 5, 5, 5],
    bias: true,
    activation: { kind: 'relu' },
  },
  '13x9 with stride and residual, NCHW': {
    channels: [5, 4],
    size: [31, 29],
    kernel: [13, 9],
    stride: [2, 3],
    pads: [2, 0, 7, 4],
    input: 'nchw',
    output: 'nchw',
    residual: 'nchw',
  },
  '17x15, two groups, one tile': { channels: [4, 6], size: [18, 19], kernel: [17, 15], groups: 2, bias: true },
  'depthwise 21x19': {
    channels: [3, 3],
    size: [26, 41],
    kernel: [21, 19],
    pads: [10, 9, 10, 9],
    groups: 3,
    bias: true,
    slope: true,
  },
  'depthwise 7x7 with multiplier and dilation': {
    batch: 2,
    channels: [3, 6],
    size: [29, 23],
    kernel: [7, 7],
    dilation: [3, 2],
    pads: [9, 6, 9, 6],
    groups: 3,
  },
};

/** Cases with a name for what they are there for. */
export const convCases: Readonly<Record<string, ConvCase>> = {
  ...winogradCases,
  ...volumeCases,
  ...largeKernelCases,
  'slopes of negative values': { channels: [8, 12], size: [5, 6], kernel: [3, 3], bias: true, slope: true },
  'slopes, odd channels': { channels: [5, 7], size: [5, 6], kernel: [2, 3], residual: 'nhwc', slope: true },
  'stem, 7x7 stride 2 on an NCHW image': {
    channels: [3, 18],
    size: [23, 30],
    kernel: [7, 7],
    stride: [2, 2],
    pads: [3, 3, 3, 3],
    input: 'nchw',
    bias: true,
    activation: { kind: 'relu' },
  },
  'bottleneck 3x3 with residual': {
    channels: [16, 20],
    size: [9, 13],
    kernel: [3, 3],
    pads: [1, 1, 1, 1],
    bias: true,
    residual: 'nhwc',
    activation: { kind: 'relu' },
  },
  'pointwise, whole tiles': { channels: [32, 32], size: [8, 8], bias: true },
  'pointwise, one pixel': { channels: [60, 37], size: [1, 1], bias: true },
  'pointwise, two images in one line': { batch: 2, channels: [20, 12], size: [5, 7], residual: 'nhwc', bias: true },
  'pointwise between slices of two images': {
    batch: 2,
    channels: [8, 12],
    size: [3, 4],
    input: 'slice',
    output: 'oddSlice',
  },
  'first layer 3x3 stride 2, dilated, two images': {
    batch: 2,
    channels: [4, 19],
    size: [13, 18],
    kernel: [3, 3],
    stride: [2, 2],
    dilation: [1, 2],
    pads: [1, 0, 0, 3],
    bias: true,
  },
  'groups of two channels': {
    channels: [16, 16],
    size: [7, 6],
    kernel: [3, 3],
    groups: 8,
    pads: [1, 1, 1, 1],
    bias: true,
  },
  'pointwise, stride 2': { channels: [12, 24], size: [9, 7], stride: [2, 2] },
  'many channels, few pixels': { channels: [260, 68], size: [7, 7], kernel: [3, 3], pads: [1, 1, 1, 1], bias: true },
  'one channel in and out': { channels: [1, 1], size: [5, 8], kernel: [3, 2], pads: [1, 0, 0, 1] },
  'five channels to seven': { channels: [5, 7], size: [6, 9], kernel: [2, 3], pads: [0, 2, 1, 0], bias: true },
  'unequal everything': {
    batch: 3,
    channels: [8, 12],
    size: [11, 17],
    kernel: [3, 5],
    stride: [2, 3],
    dilation: [2, 1],
    pads: [1, 4, 3, 0],
    bias: true,
  },
  'padding wider than the kernel': { channels: [4, 4], size: [3, 2], kernel: [2, 2], pads: [3, 4, 3, 4] },
  'kernel as large as the image': { channels: [8, 4], size: [6, 5], kernel: [6, 5], bias: true },
  'channel slices in and out': {
    channels: [8, 16],
    size: [7, 5],
    kernel: [3, 3],
    pads: [1, 1, 1, 1],
    input: 'slice',
    output: 'slice',
    residual: 'slice',
  },
  'misaligned channel slices': {
    channels: [8, 16],
    size: [7, 5],
    kernel: [3, 3],
    pads: [1, 1, 1, 1],
    input: 'oddSlice',
    output: 'oddSlice',
    bias: true,
  },
  'NCHW output': { channels: [16, 12], size: [6, 10], output: 'nchw', bias: true },
  'NCHW residual': { channels: [16, 12], size: [6, 10], residual: 'nchw' },
  'groups of 4': { channels: [16, 24], size: [7, 9], kernel: [3, 3], pads: [1, 1, 1, 1], groups: 4, bias: true },
  'groups of odd width': { channels: [9, 15], size: [7, 4], kernel: [3, 3], groups: 3, bias: true },
  'depthwise 3x3': {
    channels: [20, 20],
    size: [9, 14],
    kernel: [3, 3],
    pads: [1, 1, 1, 1],
    groups: 20,
    bias: true,
    activation: { kind: 'clip', min: 0, max: 6 },
  },
  'depthwise 5x5 stride 2': {
    channels: [12, 12],
    size: [13, 11],
    kernel: [5, 5],
    stride: [2, 2],
    pads: [2, 2, 2, 2],
    groups: 12,
  },
  'depthwise, odd channels': {
    channels: [7, 7],
    size: [6, 9],
    kernel: [3, 3],
    pads: [1, 1, 1, 1],
    groups: 7,
    bias: true,
  },
  'depthwise with multiplier 3': {
    channels: [6, 18],
    size: [5, 7],
    kernel: [3, 3],
    pads: [1, 1, 1, 1],
    groups: 6,
    bias: true,
  },
  'depthwise on NCHW': {
    channels: [8, 8],
    size: [6, 9],
    kernel: [3, 3],
    pads: [0, 1, 2, 0],
    groups: 8,
    input: 'nchw',
    output: 'nchw',
  },
  'depthwise, dilated, one column out': {
    channels: [4, 4],
    size: [9, 5],
    kernel: [3, 3],
    dilation: [2, 2],
    groups: 4,
    residual: 'nhwc',
  },
};

/** What random problems of one kind share: all that is written into a shader's text, so that they share pipelines. */
export interface ConvFamily {
  readonly kind: 'dense' | 'grouped' | 'depthwise';
  /** Channels of a group, in and out, are multiples of these. */
  readonly multiples: readonly [number, number];
  /** Input channels of a group, where they are not left to chance. */
  readonly inputs?: number;
  readonly pointwise?: boolean;
  /** Kernels of 3x3, stride and dilation 1. */
  readonly square?: boolean;
  /** Kernels of 9 to 13 in both directions, of few channels. */
  readonly large?: boolean;
  readonly input?: LayoutName;
  readonly output?: LayoutName;
  readonly residual?: LayoutName;
  /** Bias and ReLU without it. */
  readonly epilogue?: Pick<ConvCase, 'bias' | 'activation' | 'slope'>;
}

export const convFamilies: Readonly<Record<string, ConvFamily>> = {
  'dense, channels by 4': { kind: 'dense', multiples: [4, 4] },
  'pointwise with residual': { kind: 'dense', multiples: [4, 4], pointwise: true, residual: 'nhwc' },
  'dense, odd channels': { kind: 'dense', multiples: [5, 1] },
  'dense from NCHW to NHWC': { kind: 'dense', multiples: [3, 4], input: 'nchw' },
  'dense between slices': { kind: 'dense', multiples: [4, 4], input: 'slice', output: 'oddSlice' },
  '3x3': { kind: 'dense', multiples: [4, 4], square: true },
  grouped: { kind: 'grouped', multiples: [4, 4] },
  'depthwise by 4': { kind: 'depthwise', multiples: [4, 4] },
  'first layers': { kind: 'dense', multiples: [1, 4], inputs: 3, input: 'nchw' },
  'depthwise on NCHW': { kind: 'depthwise', multiples: [1, 1], input: 'nchw', output: 'nchw' },
};

/** A random small problem of a family. */
export function randomConv(family: ConvFamily, source: Random, elementType: 'f32' | 'f16'): ConvCase {
  const { kind, pointwise, square, large } = family;
  const [least, most] = large ? [1, 9] : [9, 40];
  const count = (i: 0 | 1): number => family.multiples[i] * Math.ceil(source.int(least, most) / family.multiples[i]);
  const groups = kind === 'dense' ? 1 : kind === 'grouped' ? source.int(2, 3) : count(0);
  const perGroup = (i: 0 | 1): number => (kind === 'depthwise' ? 1 : count(i));
  const kernel: [number, number] = pointwise
    ? [1, 1]
    : square
      ? [3, 3]
      : large
        ? [source.int(9, 13), source.int(9, 13)]
        : [source.int(2, 4), source.int(1, 4)];
  const dilation: [number, number] = square ? [1, 1] : [source.int(1, 2), source.int(1, 2)];
  return {
    batch: source.int(1, 2),
    channels: [groups * (family.inputs ?? perGroup(0)), groups * perGroup(1)],
    size: [dilation[0] * kernel[0] + source.int(0, 9), dilation[1] * kernel[1] + source.int(3, 12)],
    kernel,
    stride: square ? [1, 1] : [source.int(1, 2), source.int(1, kind === 'depthwise' ? 1 : 3)],
    dilation,
    pads: pointwise ? undefined : [source.int(1, 2), source.int(0, 2), source.int(0, 2), source.int(0, 2)],
    groups,
    elementType,
    input: family.input,
    output: family.output,
    residual: family.residual,
    ...(family.epilogue ?? { bias: true, activation: { kind: 'relu' } }),
  };
}

/** A random small product; B row-major or transposed, batched or not. */
export function randomGemm(source: Random, elementType: 'f32' | 'f16', round: 1 | 4): GemmProblem {
  const [m, n, k] = [source.int(1, 40), round * source.int(9, 20) + (round === 1 ? 1 : 0), round * source.int(1, 15)];
  const batch = source.int(1, 3);
  const shared = source.int(0, 1) === 0;
  const [transA, transB] = [round === 1 && source.int(0, 3) === 0, source.int(0, 1) === 0];
  return {
    batch,
    m,
    n,
    k,
    elementType,
    a: { offset: 0, batchStride: m * k, rowStride: transA ? 1 : k, columnStride: transA ? m : 1 },
    b: { offset: 0, batchStride: shared ? 0 : k * n, rowStride: transB ? 1 : n, columnStride: transB ? k : 1 },
    c: { offset: 0, batchStride: m * n, rowStride: n, columnStride: 1 },
    epilogue: { bias: true },
  };
}
