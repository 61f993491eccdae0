import { convOutputSize } from './geometry.js';
import type { ActivationFunction, ActivationLayout, ConvProblem, GemmProblem, MatrixLayout } from './problem.js';

/** Numbers by index: typed arrays of any kind. */
export type Values = ArrayLike<number>;

/** Host operands of a problem; each laid out as the problem says, weights OIHW (or B as `problem.b` says). */
export interface ReferenceOperands {
  readonly input: Values;
  readonly weights: Values;
  readonly bias?: Values;
  readonly residual?: Values;
}

/** A convolution by plain loops in fp64; writes its result into `output`, which is laid out as the problem says. */
export function referenceConv(p: ConvProblem, operands: ReferenceOperands, output: Float64Array): void {
  const { height, width } = convOutputSize(p);
  const perGroup = p.outChannels / p.groups;
  for (let n = 0; n < p.batch; n++) {
    for (let c = 0; c < p.outChannels; c++) {
      const group = Math.floor(c / perGroup);
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          let sum = convSum(p, operands, n, group, c, y, x);
          if (p.epilogue.bias) sum += operands.bias![c];
          if (p.epilogue.residual) sum += operands.residual![elementAt(p.epilogue.residual, n, c, y, x)];
          output[elementAt(p.output, n, c, y, x)] = referenceActivation(p.epilogue.activation, sum);
        }
      }
    }
  }
}

function convSum(
  p: ConvProblem,
  operands: ReferenceOperands,
  n: number,
  group: number,
  c: number,
  y: number,
  x: number,
): number {
  const channels = p.inChannels / p.groups;
  let sum = 0;
  for (let ky = 0; ky < p.kernelHeight; ky++) {
    const iy = y * p.strideHeight - p.padTop + ky * p.dilationHeight;
    if (iy < 0 || iy >= p.inHeight) continue;
    for (let kx = 0; kx < p.kernelWidth; kx++) {
      const ix = x * p.strideWidth - p.padLeft + kx * p.dilationWidth;
      if (ix < 0 || ix >= p.inWidth) continue;
      let from = elementAt(p.input, n, group * channels, iy, ix);
      let weight = (c * channels * p.kernelHeight + ky) * p.kernelWidth + kx;
      for (let i = 0; i < channels; i++) {
        sum += operands.input[from] * operands.weights[weight];
        from += p.input.strides[1];
        weight += p.kernelHeight * p.kernelWidth;
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
        if (p.epilogue.bias) sum += operands.bias![column];
        if (p.epilogue.residual) sum += operands.residual![cellAt(p.epilogue.residual, batch, row, column)];
        output[cellAt(p.c, batch, row, column)] = referenceActivation(p.epilogue.activation, sum);
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
