import { convOutputSize, kernelTaps } from './geometry.js';
import type { ActivationFunction, ActivationLayout, ConvProblem, GemmProblem, MatrixLayout } from './problem.js';

/** Numbers by index: typed arrays of any kind. */
export type Values = ArrayLike<number>;

/** Host operands of a problem; each laid out as the problem says, weights OIHW (or B as `problem.b` says). */
export interface ReferenceOperands {
  readonly input: Values;
  readonly weights: Values;
  readonly bias?: Values;
  readonly residual?: Values;
  readonly slope?: Values;
}

/** A convolution by plain loops in fp64; writes its result into `output`, which is laid out as the problem says. */
export function referenceConv(p: ConvProblem, operands: ReferenceOperands, output: Float64Array): void {
  const { depth, height, width } = convOutputSize(p);
  const residual = p.epilogue.residual;
  for (let n = 0; n < p.batch; n++) {
    for (let c = 0; c < p.outChannels; c++) {
      for (let z = 0; z < depth; z++) {
        for (let y = 0; y < height; y++) {
          for (let x = 0; x < width; x++) {
            const added = residual && elementAt(residual, n, c, y, x) + z * (p.depth?.residualStride ?? 0);
            const sum = convSum(p, operands, n, c, [z, y, x]);
            const to = elementAt(p.output, n, c, y, x) + z * (p.depth?.outputStride ?? 0);
            output[to] = referenceEpilogue(p.epilogue, operands, c, sum, added);
          }
        }
      }
    }
  }
}

/** What becomes of a sum of output channel `c`; its residual, where there is one, is at `residualAt`. */
export function referenceEpilogue(
  epilogue: {
    readonly bias: boolean;
    readonly residual?: unknown;
    readonly activation?: ActivationFunction;
    readonly slope?: boolean;
  },
  operands: ReferenceOperands,
  c: number,
  sum: number,
  residualAt = 0,
): number {
  let value = sum;
  if (epilogue.bias) value += operands.bias![c];
  if (epilogue.residual) value += operands.residual![residualAt];
  if (epilogue.slope && value < 0) return value * operands.slope![c];
  return referenceActivation(epilogue.activation, value);
}

function convSum(
  p: ConvProblem,
  operands: ReferenceOperands,
  n: number,
  c: number,
  [z, y, x]: readonly number[],
): number {
  const d = p.depth;
  if (!d) return sliceSum(p, operands, n, c, 0, 0, y, x);
  let sum = 0;
  for (let kz = 0; kz < d.kernelDepth; kz++) {
    const iz = z * d.strideDepth - d.padFront + kz * d.dilationDepth;
    if (iz >= 0 && iz < d.inDepth) sum += sliceSum(p, operands, n, c, kz, iz * d.inputStride, y, x);
  }
  return sum;
}

/** The sum over one slice of the filter, and one of the input, which lies `shift` elements after the first. */
function sliceSum(
  p: ConvProblem,
  operands: ReferenceOperands,
  n: number,
  c: number,
  kz: number,
  shift: number,
  y: number,
  x: number,
): number {
  const channels = p.inChannels / p.groups;
  const group = Math.floor((c * p.groups) / p.outChannels);
  const taps = kernelTaps(p);
  let sum = 0;
  for (let ky = 0; ky < p.kernelHeight; ky++) {
    const iy = y * p.strideHeight - p.padTop + ky * p.dilationHeight;
    if (iy < 0 || iy >= p.inHeight) continue;
    for (let kx = 0; kx < p.kernelWidth; kx++) {
      const ix = x * p.strideWidth - p.padLeft + kx * p.dilationWidth;
      if (ix < 0 || ix >= p.inWidth) continue;
      let from = elementAt(p.input, n, group * channels, iy, ix) + shift;
      let weight = c * channels * taps + (kz * p.kernelHeight + ky) * p.kernelWidth + kx;
      for (let i = 0; i < channels; i++) {
        sum += operands.input[from] * operands.weights[weight];
        from += p.input.strides[1];
        weight += taps;
      }
    }
  }
  return sum;
}

/** A GEMM by plain loops in fp64; writes into `output`, laid out as `problem.c` says. */
export function referenceGemm(p: GemmProblem, operands: ReferenceOperands, output: Float64Array): void {
  for (let batch = 0; batch < p.batch; batch++) {
    for (let row = 0; row < p.m; row++) {
      for (let column = 0; column < p.n; column++) {
        let sum = 0;
        for (let k = 0; k < p.k; k++) {
          sum += operands.input[cellAt(p.a, batch, row, k)] * operands.weights[cellAt(p.b, batch, k, column)];
        }
        const added = p.epilogue.residual && cellAt(p.epilogue.residual, batch, row, column);
        output[cellAt(p.c, batch, row, column)] = referenceEpilogue(p.epilogue, operands, column, sum, added);
      }
    }
  }
}

function elementAt(layout: ActivationLayout, n: number, c: number, y: number, x: number): number {
  const [sn, sc, sy, sx] = layout.strides;
  return layout.offset + n * sn + c * sc + y * sy + x * sx;
}

function cellAt(layout: MatrixLayout, batch: number, row: number, column: number): number {
  return layout.offset + batch * layout.batchStride + row * layout.rowStride + column * layout.columnStride;
}

/** An activation in fp64, by the ONNX definitions. */
export function referenceActivation(activation: ActivationFunction | undefined, x: number): number {
  if (activation === undefined) return x;
  const unit = (value: number): number => Math.min(Math.max(value, 0), 1);
  switch (activation.kind) {
    case 'relu':
      return Math.max(x, 0);
    case 'clip':
      return Math.min(Math.max(x, activation.min), activation.max);
    case 'leaky-relu':
      return x >= 0 ? x : x * activation.alpha;
    case 'sigmoid':
      return 1 / (1 + Math.exp(-x));
    case 'hard-sigmoid':
      return unit(activation.alpha * x + activation.beta);
    case 'hard-swish':
      return x * unit(x / 6 + 0.5);
    case 'silu':
      return x / (1 + Math.exp(-x));
    case 'gelu':
      return 0.5 * x * (1 + erf(x * Math.SQRT1_2));
    case 'gelu-tanh':
      return 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
    case 'tanh':
      return Math.tanh(x);
  }
}

/** The error function, by its Maclaurin series below 3 and a continued fraction above; 1e-12 or better. */
function erf(x: number): number {
  const z = Math.abs(x);
  if (z > 6) return Math.sign(x);
  if (z < 3) {
    let term = z;
    let sum = z;
    for (let n = 1; n < 80; n++) {
      term *= (-z * z) / n;
      sum += term / (2 * n + 1);
    }
    return (Math.sign(x) * 2 * sum) / Math.sqrt(Math.PI);
  }
  let fraction = z;
  for (let k = 60; k >= 1; k--) fraction = z + k / 2 / fraction;
  return Math.sign(x) * (1 - Math.exp(-z * z) / (Math.sqrt(Math.PI) * fraction));
}
