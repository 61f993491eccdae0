import { convOutputSize, kernelTaps } from '../geometry.js';
import { referenceActivation, type Values } from '../reference.js';
import type { ActivationLayout } from '../problem.js';
import type { Int8Arithmetic, Int8ConvProblem, Int8GemmProblem } from './problem.js';

/** Host operands, one number an element; weights [outChannels, inChannels / groups, kernel...], or B as the problem lays it out. */
export interface Int8Operands {
  readonly input: Values;
  readonly weights: Values;
  readonly bias?: Values;
  readonly scale?: Values;
  readonly inputZero?: Values;
  readonly weightZero?: Values;
  readonly outputZero?: Values;
}

const limits = { int8: [-128, 127], uint8: [0, 255] } as const;

/** An int8 convolution by plain loops: exact sums, then fp64. 8-bit results are given before their last rounding. */
export function referenceInt8Conv(p: Int8ConvProblem, operands: Int8Operands, output: Float64Array): void {
  const { depth, height, width } = convOutputSize({ ...p, elementType: 'f32', epilogue: { bias: false } });
  for (let n = 0; n < p.batch; n++) {
    for (let c = 0; c < p.outChannels; c++) {
      for (let z = 0; z < depth; z++) {
        for (let y = 0; y < height; y++) {
          for (let x = 0; x < width; x++) {
            const at = elementAt(p.output, n, c, y, x) + z * (p.depth?.outputStride ?? 0);
            output[at] = finish(p, operands, c, convSum(p, operands, n, c, z, y, x));
          }
        }
      }
    }
  }
}

function convSum(p: Int8ConvProblem, o: Int8Operands, n: number, c: number, z: number, y: number, x: number): number {
  const channels = p.inChannels / p.groups;
  const first = Math.floor((c * p.groups) / p.outChannels) * channels;
  const { inputZero, weightZero } = zeros(p, o, c);
  const d = p.depth;
  const taps = kernelTaps({ ...p, elementType: 'f32', epilogue: { bias: false } });
  let sum = 0;
  for (let kz = 0; kz < (d?.kernelDepth ?? 1); kz++) {
    const iz = d ? z * d.strideDepth - d.padFront + kz * d.dilationDepth : 0;
    if (iz < 0 || iz >= (d?.inDepth ?? 1)) continue;
    for (let ky = 0; ky < p.kernelHeight; ky++) {
      const iy = y * p.strideHeight - p.padTop + ky * p.dilationHeight;
      if (iy < 0 || iy >= p.inHeight) continue;
      for (let kx = 0; kx < p.kernelWidth; kx++) {
        const ix = x * p.strideWidth - p.padLeft + kx * p.dilationWidth;
        if (ix < 0 || ix >= p.inWidth) continue;
        const tap = (kz * p.kernelHeight + ky) * p.kernelWidth + kx;
        for (let i = 0; i < channels; i++) {
          const from = elementAt(p.input, n, first + i, iy, ix) + iz * (d?.inputStride ?? 0);
          sum += (o.input[from] - inputZero) * (o.weights[(c * channels + i) * taps + tap] - weightZero);
        }
      }
    }
  }
  return sum;
}

/** As referenceInt8Conv, for a matrix product. */
export function referenceInt8Gemm(p: Int8GemmProblem, operands: Int8Operands, output: Float64Array): void {
  for (let batch = 0; batch < p.batch; batch++) {
    for (let row = 0; row < p.m; row++) {
      for (let column = 0; column < p.n; column++) {
        const { inputZero, weightZero } = zeros(p, operands, column);
        let sum = 0;
        for (let k = 0; k < p.k; k++) {
          const a = operands.input[p.a.offset + batch * p.a.batchStride + row * p.a.rowStride + k * p.a.columnStride];
          const b =
            operands.weights[p.b.offset + batch * p.b.batchStride + k * p.b.rowStride + column * p.b.columnStride];
          sum += (a - inputZero) * (b - weightZero);
        }
        const to = p.c.offset + batch * p.c.batchStride + row * p.c.rowStride + column * p.c.columnStride;
        output[to] = finish(p, operands, column, sum);
      }
    }
  }
}

function zeros(p: Int8Arithmetic, o: Int8Operands, c: number): { inputZero: number; weightZero: number } {
  return {
    inputZero: p.inputZero === 'operand' ? o.inputZero![0] : p.inputZero,
    weightZero: p.weightZero === 'none' ? 0 : o.weightZero![p.weightZero === 'channel' ? c : 0],
  };
}

/** The result of an exact sum; of 8-bit results the value before it is rounded, so that ties can be seen. */
function finish(p: Int8Arithmetic, o: Int8Operands, c: number, sum: number): number {
  const total = (sum + (p.bias ? o.bias![c] : 0)) | 0;
  const { result } = p;
  if (result.type === 'int32') return total;
  const scaled = p.scale === 'none' ? total : total * o.scale![p.scale === 'channel' ? c : 0];
  const value = referenceActivation(result.activation, scaled);
  if (result.type === 'f32') return value;
  const zero = result.zero === 'operand' ? o.outputZero![0] : result.zero;
  const [low, high] = limits[result.type];
  return Math.min(high, Math.max(low, value / (result.divisor ?? 1) + zero));
}

function elementAt(layout: ActivationLayout, n: number, c: number, y: number, x: number): number {
  const [sn, sc, sy, sx] = layout.strides;
  return layout.offset + n * sn + c * sc + y * sy + x * sx;
}
