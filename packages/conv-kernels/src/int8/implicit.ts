import { implicitConv, implicitGemm, type ImplicitGemm } from '../implicit.js';
import type { ConvProblem, GemmProblem } from '../problem.js';
import type { Int8Arithmetic, Int8ConvProblem, Int8GemmProblem } from './problem.js';

/** An int8 convolution or product as the kernels see it. */
export interface Int8Shape {
  readonly gemm: ImplicitGemm;
  readonly arithmetic: Int8Arithmetic;
  /** 2 per multiply-add. */
  readonly flops: number;
  /** Bytes that must move at least once. */
  readonly bytes: number;
}

/** Geometry alone: what float problems and this one share. */
export function asFloatConv(p: Int8ConvProblem): ConvProblem {
  return { ...p, elementType: 'f32', epilogue: { bias: p.bias } };
}

/** Geometry alone. */
export function asFloatGemm(p: Int8GemmProblem): GemmProblem {
  return { ...p, elementType: 'f32', epilogue: { bias: p.bias } };
}

export function int8Conv(p: Int8ConvProblem): Int8Shape {
  return shape(p, implicitConv(asFloatConv(p)));
}

export function int8Gemm(p: Int8GemmProblem): Int8Shape {
  return shape(p, implicitGemm(asFloatGemm(p)));
}

function shape(arithmetic: Int8Arithmetic, gemm: ImplicitGemm): Int8Shape {
  const { groups, rows, columns, channels, taps } = gemm;
  const inputs = (gemm.taps > 1 ? gemm.batch * inputPixels(gemm) : rows) * channels * groups;
  const bytesOf = (storage: 'words' | 'bytes'): number => (storage === 'bytes' ? 1 : 4);
  const { result, inputStorage } = arithmetic;
  const outputBytes = 'storage' in result ? bytesOf(result.storage) : 4;
  return {
    gemm,
    arithmetic,
    flops: 2 * groups * rows * columns * channels * taps,
    bytes: inputs * bytesOf(inputStorage) + groups * columns * channels * taps + groups * rows * columns * outputBytes,
  };
}

/** Positions of one image or volume. */
export function inputPixels({ inHeight, inWidth, volume }: ImplicitGemm): number {
  return (volume?.inDepth ?? 1) * inHeight * inWidth;
}
