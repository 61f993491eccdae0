import {
  convOutputDims,
  convOutputSize,
  elementBytes,
  inputBytes,
  kernelTaps,
  layoutEnd,
  matrixEnd,
  outputType,
} from './geometry.js';
import type { OperandName, Plan } from './plan.js';
import type { ActivationLayout, ConvProblem, GemmProblem } from './problem.js';

/** Bytes of each buffer that a plan binds. */
export type OperandBytes = Readonly<Partial<Record<OperandName, number>>>;

/** The least buffers for a convolution's plan. */
export function convOperandBytes(problem: ConvProblem, plan: Plan): OperandBytes {
  const p = problem;
  const size = elementBytes(p.elementType);
  const outDims = convOutputDims(p);
  const outDepth = convOutputSize(p).depth;
  const { bias, residual, slope } = p.epilogue;
  const end = (layout: ActivationLayout, dims: readonly number[], depth: number, stride = 0): number =>
    size * layoutEnd(layout, dims, { size: depth, stride });
  const inDims = [p.batch, p.inChannels, p.inHeight, p.inWidth];
  return {
    input: (inputBytes(p) / size) * end(p.input, inDims, p.depth?.inDepth ?? 1, p.depth?.inputStride),
    weights: plan.packing?.byteLength ?? size * ((p.outChannels * p.inChannels) / p.groups) * kernelTaps(p),
    ...(bias ? { bias: 4 * p.outChannels } : {}),
    ...(slope ? { slope: 4 * p.outChannels } : {}),
    ...(residual ? { residual: end(residual, outDims, outDepth, p.depth?.residualStride) } : {}),
    output: end(p.output, outDims, outDepth, p.depth?.outputStride),
    ...(plan.scratchByteLength > 0 ? { scratch: plan.scratchByteLength } : {}),
  };
}

/** The least buffers for a matrix product's plan. */
export function gemmOperandBytes(problem: GemmProblem, plan: Plan): OperandBytes {
  const { batch, m, n, k, a, b, c, epilogue } = problem;
  const size = elementBytes(problem.elementType);
  return {
    input: size * matrixEnd(a, batch, m, k),
    weights: plan.packing?.byteLength ?? size * matrixEnd(b, batch, k, n),
    ...(epilogue.bias ? { bias: 4 * n } : {}),
    ...(epilogue.slope ? { slope: 4 * n } : {}),
    ...(epilogue.residual ? { residual: size * matrixEnd(epilogue.residual, batch, m, n) } : {}),
    output: elementBytes(outputType(problem)) * matrixEnd(c, batch, m, n),
    ...(plan.scratchByteLength > 0 ? { scratch: plan.scratchByteLength } : {}),
  };
}
