import { ConvProblemError } from './errors.js';
import type { ActivationFunction, ActivationLayout, ConvProblem, DepthAxis } from './problem.js';

/** Where the elements of an activation of any rank lie: `strides` of [batch, channels, spatial...], in elements. */
export interface SpatialLayout {
  readonly offset: number;
  readonly strides: readonly number[];
}

/** One spatial dimension of a convolution. Negative pads cut the input. */
export interface ConvAxis {
  readonly input: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly padBegin: number;
  readonly padEnd: number;
}

/** What happens to a sum before it is stored, as `Epilogue`, for any rank. */
export interface SpatialEpilogue {
  readonly bias: boolean;
  readonly residual?: SpatialLayout;
  readonly activation?: ActivationFunction;
  readonly slope?: boolean;
}

/** A convolution over one, two or three spatial dimensions, outermost first. */
export interface SpatialConv {
  readonly batch: number;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly groups: number;
  readonly axes: readonly ConvAxis[];
  readonly elementType: 'f32' | 'f16';
  readonly input: SpatialLayout;
  readonly output: SpatialLayout;
  readonly epilogue: SpatialEpilogue;
  readonly constantWeights?: boolean;
}

/** Pads at the beginning and the end of one spatial dimension. */
export interface Pads {
  readonly padBegin: number;
  readonly padEnd: number;
}

/**
 * ONNX's auto_pad: as many pads as make the output ceil(input / stride) long; the odd one at the end of SAME_UPPER, at
 * the beginning of SAME_LOWER. None of VALID.
 */
export function autoPads(
  mode: 'SAME_UPPER' | 'SAME_LOWER' | 'VALID',
  { input, kernel, stride, dilation }: Pick<ConvAxis, 'input' | 'kernel' | 'stride' | 'dilation'>,
): Pads {
  if (mode === 'VALID') return { padBegin: 0, padEnd: 0 };
  const output = Math.ceil(input / stride);
  const total = Math.max(0, (output - 1) * stride + dilation * (kernel - 1) + 1 - input);
  return splitPads(total, mode === 'SAME_UPPER');
}

/** Halves of a total of pads, the odd one at the end or at the beginning; negative totals cut. */
export function splitPads(total: number, oddAtEnd: boolean): Pads {
  const padBegin = oddAtEnd ? Math.floor(total / 2) : Math.ceil(total / 2);
  return { padBegin, padEnd: total - padBegin };
}

/** Output length along a dimension. */
export function axisOutput({ input, kernel, stride, dilation, padBegin, padEnd }: ConvAxis): number {
  return Math.floor((input + padBegin + padEnd - dilation * (kernel - 1) - 1) / stride) + 1;
}

/**
 * The ConvProblem of a convolution of any rank. Negative pads become a smaller window into the input, and a volume that
 * has a dimension of one tap and no padding becomes as many images as that dimension has outputs, where the layouts
 * allow.
 */
export function spatialConv(conv: SpatialConv): ConvProblem {
  const rank = conv.axes.length;
  if (rank < 1 || rank > 3) throw new ConvProblemError('axes', `there are ${rank} spatial dimensions; 1 to 3 can be.`);
  const cropped = crop(conv);
  if (rank < 3) return asImages(cropped);
  for (const axis of [0, 1, 2]) {
    const merged = mergedIntoBatch(cropped, axis);
    if (merged) return asImages(merged);
  }
  return asVolumes(cropped);
}

function crop(conv: SpatialConv): SpatialConv {
  const cuts = conv.axes.map(({ padBegin, padEnd }) => [Math.max(0, -padBegin), Math.max(0, -padEnd)]);
  return {
    ...conv,
    axes: conv.axes.map((axis, i) => ({
      ...axis,
      input: axis.input - cuts[i][0] - cuts[i][1],
      padBegin: Math.max(0, axis.padBegin),
      padEnd: Math.max(0, axis.padEnd),
    })),
    input: {
      ...conv.input,
      offset: cuts.reduce((offset, [begin], i) => offset + begin * conv.input.strides[2 + i], conv.input.offset),
    },
  };
}

/** The same with one dimension counted as batch; undefined where taps or strides do not allow. */
function mergedIntoBatch(conv: SpatialConv, axis: number): SpatialConv | undefined {
  const { kernel, stride, padBegin, padEnd } = conv.axes[axis];
  if (kernel !== 1 || padBegin !== 0 || padEnd !== 0) return undefined;
  const count = axisOutput(conv.axes[axis]);
  const { residual } = conv.epilogue;
  const layouts = [conv.input, conv.output, ...(residual ? [residual] : [])];
  const steps = layouts.map(({ strides }, i) => strides[2 + axis] * (i === 0 ? stride : 1));
  const isDense = layouts.every(({ strides }, i) => strides[0] === count * steps[i]);
  if (conv.batch > 1 && count > 1 && !isDense) return undefined;
  const without = ({ offset, strides }: SpatialLayout, step: number): SpatialLayout => ({
    offset,
    strides: [count > 1 ? step : strides[0], strides[1], ...strides.slice(2).filter((_, i) => i !== axis)],
  });
  return {
    ...conv,
    batch: conv.batch * count,
    axes: conv.axes.filter((_, i) => i !== axis),
    input: without(conv.input, steps[0]),
    output: without(conv.output, steps[1]),
    epilogue: { ...conv.epilogue, residual: residual && without(residual, steps[2]) },
  };
}

const onePoint: ConvAxis = { input: 1, kernel: 1, stride: 1, dilation: 1, padBegin: 0, padEnd: 0 };

function asImages(conv: SpatialConv): ConvProblem {
  const [height, width] = conv.axes.length === 2 ? conv.axes : [onePoint, conv.axes[0]];
  const image = ({ offset, strides }: SpatialLayout): ActivationLayout => {
    const [n, c, ...spatial] = strides;
    const [y, x] = spatial.length === 2 ? spatial : [0, spatial[0]];
    return { offset, strides: [n, c, y, x] };
  };
  return problem(conv, height, width, image);
}

function asVolumes(conv: SpatialConv): ConvProblem {
  const [front, height, width] = conv.axes;
  const slice = ({ offset, strides: [n, c, , y, x] }: SpatialLayout): ActivationLayout => ({
    offset,
    strides: [n, c, y, x],
  });
  const depth: DepthAxis = {
    inDepth: front.input,
    kernelDepth: front.kernel,
    strideDepth: front.stride,
    dilationDepth: front.dilation,
    padFront: front.padBegin,
    padBack: front.padEnd,
    inputStride: conv.input.strides[2],
    outputStride: conv.output.strides[2],
    residualStride: conv.epilogue.residual?.strides[2],
  };
  return { ...problem(conv, height, width, slice), depth };
}

function problem(
  conv: SpatialConv,
  height: ConvAxis,
  width: ConvAxis,
  layout: (layout: SpatialLayout) => ActivationLayout,
): ConvProblem {
  const { batch, inChannels, outChannels, groups, elementType, constantWeights, epilogue } = conv;
  return {
    batch,
    inChannels,
    inHeight: height.input,
    inWidth: width.input,
    outChannels,
    kernelHeight: height.kernel,
    kernelWidth: width.kernel,
    strideHeight: height.stride,
    strideWidth: width.stride,
    dilationHeight: height.dilation,
    dilationWidth: width.dilation,
    padTop: height.padBegin,
    padLeft: width.padBegin,
    padBottom: height.padEnd,
    padRight: width.padEnd,
    groups,
    elementType,
    constantWeights,
    input: layout(conv.input),
    output: layout(conv.output),
    epilogue: { ...epilogue, residual: epilogue.residual && layout(epilogue.residual) },
  };
}
