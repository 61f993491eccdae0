import type { GroupedLayout, ImplicitGemm } from '../implicit.js';
import type { SpatialLayout } from '../spatial.js';
import type { ConvTransposeProblem, TransposeAxis } from './problem.js';

const onePoint: TransposeAxis = { input: 1, output: 1, kernel: 1, stride: 1, dilation: 1, padBegin: 0 };

/** A transposed convolution in the terms of the kernels: rows are outputs, taps look back at inputs. */
export function implicitTranspose(p: ConvTransposeProblem): ImplicitGemm {
  const [front, height, width] = [...new Array<TransposeAxis>(3 - p.axes.length).fill(onePoint), ...p.axes];
  const channels = p.inChannels / p.groups;
  const columns = p.outChannels / p.groups;
  const taps = front.kernel * height.kernel * width.kernel;
  const grouped = ({ offset, strides }: SpatialLayout, perGroup: number): GroupedLayout => {
    const [n, c, ...spatial] = strides;
    const [z, y, x] = [...new Array<number>(3 - spatial.length).fill(0), ...spatial];
    return { offset, g: perGroup * c, n, c, z, y, x };
  };
  const { bias, residual, activation, slope } = p.epilogue;
  return {
    elementType: p.elementType,
    groups: p.groups,
    batch: p.batch,
    outHeight: height.output,
    outWidth: width.output,
    rows: p.batch * front.output * height.output * width.output,
    columns,
    channels,
    taps,
    inHeight: height.input,
    inWidth: width.input,
    kernelHeight: height.kernel,
    kernelWidth: width.kernel,
    strideHeight: height.stride,
    strideWidth: width.stride,
    dilationHeight: height.dilation,
    dilationWidth: width.dilation,
    padTop: height.padBegin,
    padLeft: width.padBegin,
    padded: true,
    volume: {
      inDepth: front.input,
      outDepth: front.output,
      kernelDepth: front.kernel,
      strideDepth: front.stride,
      dilationDepth: front.dilation,
      padFront: front.padBegin,
    },
    input: grouped(p.input, channels),
    output: grouped(p.output, columns),
    residual: residual && grouped(residual, columns),
    weights: { offset: 0, g: channels * columns * taps, n: taps, c: columns * taps, t: 1 },
    constantWeights: p.constantWeights,
    bias,
    biasGroup: columns,
    activation,
    slope,
  };
}
