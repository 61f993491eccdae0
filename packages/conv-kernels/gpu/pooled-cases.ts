import { convOutputSize, type PooledConvProblem } from '../src/index.js';
import { convProblem, layouts, type ConvCase, type LayoutName } from './cases.js';
import type { Random } from './random.js';

/** A convolution and the windows of its maxima; pads are top, left, bottom, right. */
export interface PooledCase {
  readonly conv: ConvCase;
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly pads?: readonly [number, number, number, number];
  readonly output?: LayoutName;
}

const relu = { kind: 'relu' } as const;

export const pooledCases: Readonly<Record<string, PooledCase>> = {
  'the first layers of ResNet': {
    conv: {
      batch: 2,
      channels: [3, 20],
      size: [37, 46],
      kernel: [7, 7],
      stride: [2, 2],
      pads: [3, 3, 3, 3],
      input: 'nchw',
      bias: true,
      activation: relu,
    },
    kernel: [3, 3],
    stride: [2, 2],
    pads: [1, 1, 1, 1],
  },
  'windows that do not overlap, of channels that fill no vector': {
    conv: { channels: [1, 6], size: [21, 18], kernel: [5, 3], bias: true, activation: { kind: 'silu' } },
    kernel: [2, 3],
    stride: [2, 3],
  },
  'windows apart, channels first': {
    conv: { channels: [2, 17], size: [9, 23], kernel: [3, 3], pads: [1, 0, 1, 2], dilation: [1, 2] },
    kernel: [1, 2],
    stride: [3, 3],
    output: 'nchw',
  },
  'windows with each step, into the middle of more channels': {
    conv: { channels: [4, 8], size: [6, 7], kernel: [1, 1], input: 'oddSlice', bias: true, activation: relu },
    kernel: [3, 2],
    stride: [1, 1],
    pads: [2, 1, 0, 1],
    output: 'slice',
  },
};

export function pooledProblem({ conv, kernel, stride, pads = [0, 0, 0, 0], output }: PooledCase): PooledConvProblem {
  const problem = convProblem(conv);
  const { height, width } = convOutputSize(problem);
  const pooled = [height, width].map(
    (size, i) => Math.floor((size + pads[i] + pads[i + 2] - kernel[i]) / stride[i]) + 1,
  ) as [number, number];
  const layout = layouts[output ?? 'nhwc']([problem.batch, problem.outChannels, ...pooled]);
  return {
    conv: problem,
    pool: { kernel, stride, padBegin: [pads[0], pads[1]], output: pooled },
    output: layout,
  };
}

/** A random small convolution of few channels, with maxima over windows. */
export function randomPooled(source: Random, hasF16: boolean): PooledConvProblem {
  const kernel = [source.int(1, 3), source.int(1, 3)] as const;
  const pad = (i: 0 | 1): number => source.int(0, kernel[i] - 1);
  const filter = [source.int(1, 5), source.int(1, 5)] as const;
  return pooledProblem({
    conv: {
      batch: source.int(1, 2),
      channels: [source.int(1, 4), source.pick([4 * source.int(1, 6), source.int(1, 19)])],
      size: [filter[0] + 4 + source.int(0, 20), filter[1] + 4 + source.int(0, 20)],
      kernel: filter,
      stride: [source.int(1, 2), source.int(1, 2)],
      pads: [source.int(0, 2), source.int(0, 2), source.int(0, 2), source.int(0, 2)],
      elementType: hasF16 && source.int(0, 3) === 0 ? 'f16' : 'f32',
      input: source.pick(['nhwc', 'nchw', 'oddSlice'] as const),
      bias: source.int(0, 1) === 0,
      activation: source.pick([undefined, relu, { kind: 'silu' }] as const),
    },
    kernel,
    stride: [source.int(1, 3), source.int(1, 3)],
    pads: [pad(0), pad(1), pad(0), pad(1)],
    output: source.pick(['nhwc', 'nhwc', 'nchw', 'slice'] as const),
  });
}
