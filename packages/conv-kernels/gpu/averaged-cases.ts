import type { ActivationFunction, ActivationLayout, AveragedProductProblem } from '../src/index.js';
import type { Random } from './random.js';

/** A product of means; what is left out is absent, or dense and row-major. */
export interface AveragedCase {
  readonly batch: number;
  readonly channels: number;
  readonly size: readonly [number, number];
  readonly columns: number;
  readonly input: 'nhwc' | 'nchw' | 'slice';
  readonly output?: 'columns first';
  readonly weights?: 'columns first';
  readonly bias?: boolean;
  readonly activation?: ActivationFunction;
  readonly elementType?: 'f32' | 'f16';
}

export const averagedCases: Readonly<Record<string, AveragedCase>> = {
  'the end of a classifier': { batch: 1, channels: 520, size: [7, 6], columns: 100, input: 'nhwc', bias: true },
  'a squeeze of three images': {
    batch: 3,
    channels: 24,
    size: [5, 9],
    columns: 6,
    input: 'nhwc',
    weights: 'columns first',
    bias: true,
    activation: { kind: 'silu' },
  },
  'channels that fill no vector': { batch: 2, channels: 37, size: [3, 4], columns: 19, input: 'nhwc' },
  'channels first': { batch: 2, channels: 21, size: [8, 5], columns: 33, input: 'nchw', bias: true },
  'channels out of more, and rows apart': {
    batch: 2,
    channels: 12,
    size: [4, 3],
    columns: 10,
    input: 'slice',
    output: 'columns first',
    activation: { kind: 'relu' },
  },
  'one channel of one position': { batch: 1, channels: 1, size: [1, 1], columns: 1, input: 'nchw', bias: true },
  'more channels than threads': { batch: 1, channels: 1100, size: [2, 1], columns: 7, input: 'nhwc' },
};

function inputLayout({ channels: c, size: [h, w], input }: AveragedCase): ActivationLayout {
  if (input === 'nchw') return { offset: 0, strides: [c * h * w, h * w, w, 1] };
  if (input === 'nhwc') return { offset: 0, strides: [h * w * c, 1, w * c, c] };
  // The middle of twice as many channels, of lines that are longer by two pixels.
  const pixel = 2 * c;
  return { offset: 4, strides: [h * (w + 2) * pixel, 1, (w + 2) * pixel, pixel] };
}

export function averagedProblem(each: AveragedCase): AveragedProductProblem {
  const { batch, channels, size, columns, bias = false, activation, elementType = 'f32' } = each;
  return {
    batch,
    channels,
    height: size[0],
    width: size[1],
    columns,
    elementType,
    input: inputLayout(each),
    weights: each.weights ? { channelStride: 1, columnStride: channels } : { channelStride: columns, columnStride: 1 },
    output: each.output
      ? { offset: 3, rowStride: 1, columnStride: batch }
      : { offset: 0, rowStride: columns, columnStride: 1 },
    epilogue: { bias, activation },
  };
}

/** A random small product of means. */
export function randomAveraged(source: Random, hasF16: boolean): AveragedProductProblem {
  return averagedProblem({
    batch: source.int(1, 3),
    channels: source.pick([4 * source.int(1, 40), source.int(1, 150)]),
    size: [source.int(1, 9), source.int(1, 9)],
    columns: source.pick([4 * source.int(1, 20), source.int(1, 70)]),
    input: source.pick(['nhwc', 'nhwc', 'nchw', 'slice'] as const),
    output: source.pick([undefined, undefined, 'columns first'] as const),
    weights: source.pick([undefined, 'columns first'] as const),
    bias: source.int(0, 1) === 0,
    activation: source.pick([undefined, { kind: 'relu' }, { kind: 'silu' }] as const),
    elementType: hasF16 && source.int(0, 3) === 0 ? 'f16' : 'f32',
  });
}
