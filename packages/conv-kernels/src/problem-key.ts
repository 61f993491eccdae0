import { convOutputDims, outputType, readsOtherType } from './geometry.js';
import type { ActivationLayout, ConvProblem, DepthAxis, Epilogue, GemmProblem, MatrixLayout } from './problem.js';

/**
 * A convolution as one line: equal for problems that take the same kernels and time. Parameters of activations are left
 * out. Layouts are `nhwc`, `nchw`, or offset and strides.
 */
export function convKey(p: ConvProblem): string {
  const outDims = convOutputDims(p);
  const { bias, residual } = p.epilogue;
  return [
    `conv ${p.elementType} ${p.batch}x${p.inChannels}x${p.inHeight}x${p.inWidth}`,
    `to ${p.outChannels}`,
    `kernel ${p.kernelHeight}x${p.kernelWidth}`,
    `stride ${p.strideHeight}x${p.strideWidth}`,
    `dilation ${p.dilationHeight}x${p.dilationWidth}`,
    `pads ${[p.padTop, p.padLeft, p.padBottom, p.padRight].join(',')}`,
    `groups ${p.groups}`,
    ...(p.depth ? [depthKey(p.depth)] : []),
    ...(readsOtherType(p) ? ['of f32'] : []),
    ...(p.constantWeights === false ? ['weights of the run'] : []),
    layoutKey(p.input, [p.batch, p.inChannels, p.inHeight, p.inWidth]),
    `to ${layoutKey(p.output, outDims)}`,
    ...(bias ? ['bias'] : []),
    ...(residual ? [`residual ${layoutKey(residual, outDims)}`] : []),
    ...activationKey(p.epilogue),
  ].join(' ');
}

/** As convKey; a constant B that may be packed is another problem than one that may not. */
export function gemmKey(p: GemmProblem, constantB: boolean): string {
  const { bias, residual } = p.epilogue;
  return [
    `gemm ${p.elementType} ${p.batch}x${p.m}x${p.n}x${p.k}`,
    matrixKey(p.a),
    constantB ? 'constant' : matrixKey(p.b),
    `to ${outputType(p) === p.elementType ? '' : 'f32 '}${matrixKey(p.c)}`,
    ...(bias ? ['bias'] : []),
    ...(residual ? [`residual ${matrixKey(residual)}`] : []),
    ...activationKey(p.epilogue),
  ].join(' ');
}

/** What of an activation, or of slopes, a key tells. */
export function activationKey({ activation, slope }: Pick<Epilogue, 'activation' | 'slope'>): string[] {
  return [...(activation ? [activation.kind] : []), ...(slope ? ['slope'] : [])];
}

function depthKey(d: DepthAxis): string {
  const sizes = `${d.inDepth} kernel ${d.kernelDepth} stride ${d.strideDepth} dilation ${d.dilationDepth}`;
  const strides = [d.inputStride, d.outputStride, d.residualStride ?? 0].join(',');
  return `depth ${sizes} pads ${d.padFront},${d.padBack} strides ${strides}`;
}

/** `nhwc`, `nchw`, or offset and strides. */
export function layoutKey({ offset, strides }: ActivationLayout, [, c, h, w]: readonly number[]): string {
  const own = strides.join(',');
  if (offset === 0 && own === [h * w * c, 1, w * c, c].join(',')) return 'nhwc';
  if (offset === 0 && own === [c * h * w, h * w, w, 1].join(',')) return 'nchw';
  return `${offset}+${own}`;
}

function matrixKey({ offset, batchStride, rowStride, columnStride }: MatrixLayout): string {
  return `${offset}+${batchStride},${rowStride},${columnStride}`;
}
