import { convFamilies, type ConvFamily, type LayoutName } from '../cases.js';
import { int8Cases } from '../int8-cases.js';
import { random, type Random } from '../random.js';
import type { TransposeCase } from '../transpose-cases.js';

/**
 * Random problems share families, and with them shaders, since compiling takes most of the time: the first span of
 * problems takes those that have names, every further span draws its own.
 */
const span = 400;
const familiesOfSpan = 10;

/** A generator of its own for each problem, so that any problem can be drawn alone. */
export function sourceAt(index: number, seed: number): Random {
  return random(Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b));
}

/** The family of a random convolution. */
export function familyAt(index: number, seed: number): ConvFamily {
  const named = Object.values(convFamilies);
  if (index < span) return named[index % named.length];
  const source = sourceAt(-1 - Math.floor(index / span) * familiesOfSpan - (index % familiesOfSpan), seed);
  return randomFamily(source);
}

const activations = [
  undefined,
  { kind: 'relu' },
  { kind: 'clip', min: -0.5, max: 1.25 },
  { kind: 'leaky-relu', alpha: 0.1 },
  { kind: 'sigmoid' },
  { kind: 'hard-sigmoid', alpha: 0.2, beta: 0.5 },
  { kind: 'hard-swish' },
  { kind: 'silu' },
  { kind: 'gelu' },
  { kind: 'tanh' },
] as const;

function randomFamily(source: Random): ConvFamily {
  const layout = (): LayoutName => source.pick(['nhwc', 'nhwc', 'nchw', 'slice', 'oddSlice'] as const);
  const slope = source.int(0, 5) === 0;
  return {
    kind: source.pick(['dense', 'dense', 'dense', 'grouped', 'depthwise'] as const),
    multiples: source.pick([
      [4, 4],
      [4, 4],
      [16, 16],
      [1, 1],
      [3, 4],
      [4, 3],
    ] as const),
    ...source.pick([{}, {}, { pointwise: true }, { square: true }, { large: true }]),
    input: layout(),
    output: layout(),
    residual: source.int(0, 2) === 0 ? layout() : undefined,
    epilogue: { bias: source.int(0, 3) > 0, slope, activation: slope ? undefined : source.pick(activations) },
  };
}

/** A random small transposed convolution of one, two or three dimensions. */
export function randomTranspose(source: Random, hasF16: boolean): TransposeCase {
  const dimensions = source.int(1, 3);
  const each = (low: number, high: number): number[] => Array.from({ length: dimensions }, () => source.int(low, high));
  const groups = source.pick([1, 1, 2, 3]);
  const kernel = each(1, 4);
  const stride = each(1, 3);
  // A pad of less than the kernel keeps every output size positive.
  const padBegin = kernel.map((size) => source.int(0, size - 1));
  return {
    batch: source.int(1, 2),
    channels: [groups * source.int(1, 8), groups * source.int(1, 8)],
    size: each(3, dimensions === 3 ? 4 : 9),
    kernel,
    stride,
    dilation: each(1, 2),
    padBegin,
    outputPadding: stride.map((step) => source.int(0, step - 1)),
    groups,
    elementType: hasF16 && source.int(0, 3) === 0 ? 'f16' : 'f32',
    channelsFirst: source.int(0, 1) === 0,
    residual: source.int(0, 2) === 0,
    epilogue: { bias: source.int(0, 1) === 0 },
  };
}

/** The arithmetic of a named case on a random small convolution. */
export function randomInt8Conv(family: ConvFamily, source: Random): (typeof int8Cases)[string] {
  const { arithmetic } = source.pick(Object.values(int8Cases));
  const groups = family.kind === 'dense' ? 1 : source.int(2, 3);
  // Bytes lie four channels a word.
  const [ins, outs] = [groups * 4 * source.int(1, 5), groups * 4 * source.int(1, 5)];
  const kernel: [number, number] = [source.int(1, 3), source.int(1, 4)];
  return {
    arithmetic,
    conv: {
      batch: source.int(1, 2),
      channels: [ins, outs],
      size: [kernel[0] + source.int(0, 7), kernel[1] + source.int(0, 9)],
      kernel,
      stride: [source.int(1, 2), source.int(1, 2)],
      pads: [source.int(0, 2), source.int(0, 2), source.int(0, 2), source.int(0, 2)],
      groups,
    },
  };
}
