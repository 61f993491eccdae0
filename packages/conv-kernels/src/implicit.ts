import { convOutputSize, kernelTaps } from './geometry.js';
import type { ActivationFunction, ActivationLayout, ConvProblem, GemmProblem, MatrixLayout } from './problem.js';
import type { Param } from './wgsl/shader.js';

/**
 * An ActivationLayout with a stride from group to group, and from slice to slice of a volume; element
 * (g, n, c, z, y, x), c counted inside the group.
 */
export interface GroupedLayout {
  readonly offset: number;
  readonly g: number;
  readonly n: number;
  readonly c: number;
  readonly z: number;
  readonly y: number;
  readonly x: number;
}

/** Where weights lie when used as they are: offset + group*g + column*n + channel*c + tap*t. */
export interface WeightLayout {
  readonly offset: number;
  readonly g: number;
  readonly n: number;
  readonly c: number;
  readonly t: number;
}

/**
 * What convolutions and GEMMs have in common, and the kernels see: for each group a matrix of `rows` = batch x
 * outHeight x outWidth and `columns` output channels, summed over taps and `channels`. A GEMM is a 1x1 convolution of
 * an image one row high; its batches are groups, or batch where they share B.
 */
export interface ImplicitGemm {
  readonly elementType: 'f32' | 'f16';
  readonly f32Input?: boolean;
  readonly f32Output?: boolean;
  readonly groups: number;
  readonly batch: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly rows: number;
  /** Output channels of one group. */
  readonly columns: number;
  /** Input channels of one group. */
  readonly channels: number;
  readonly taps: number;
  readonly inHeight: number;
  readonly inWidth: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly strideHeight: number;
  readonly strideWidth: number;
  readonly dilationHeight: number;
  readonly dilationWidth: number;
  readonly padTop: number;
  readonly padLeft: number;
  /** The third spatial dimension; absent of images. Rows and taps then count it too, outside height. */
  readonly volume?: VolumeAxis;
  /** True where some tap of some output lies outside the input. */
  readonly padded: boolean;
  readonly input: GroupedLayout;
  readonly output: GroupedLayout;
  readonly residual?: GroupedLayout;
  readonly weights: WeightLayout;
  /** False where the weights lie in `elementType` already, in the order they are to be used. */
  readonly constantWeights?: boolean;
  readonly bias: boolean;
  /** Bias elements from group to group. */
  readonly biasGroup: number;
  readonly activation?: ActivationFunction;
  /** PRelu, by one f32 for each output channel; they lie as the bias does. */
  readonly slope?: boolean;
}

/** The depth of a volume. */
export interface VolumeAxis {
  readonly inDepth: number;
  readonly outDepth: number;
  readonly kernelDepth: number;
  readonly strideDepth: number;
  readonly dilationDepth: number;
  readonly padFront: number;
}

const known = new WeakMap<ConvProblem, ImplicitGemm>();

/** A convolution as the kernels see it; worked out once for each problem, since every algorithm asks. */
export function implicitConv(problem: ConvProblem): ImplicitGemm {
  let implicit = known.get(problem);
  if (!implicit) known.set(problem, (implicit = makeImplicit(problem)));
  return implicit;
}

function makeImplicit(p: ConvProblem): ImplicitGemm {
  const { depth, height, width } = convOutputSize(p);
  const channels = p.inChannels / p.groups;
  const columns = p.outChannels / p.groups;
  const taps = kernelTaps(p);
  const inDims = [p.batch, p.inChannels, p.inHeight, p.inWidth];
  const outDims = [p.batch, p.outChannels, height, width];
  const grouped = (layout: ActivationLayout, dims: number[], perGroup: number, z = 0): GroupedLayout => {
    const [n, c, y, x] = layout.strides.map((stride, i) => (dims[i] === 1 ? 0 : stride));
    return { offset: layout.offset, g: perGroup * c, n, c, z, y, x };
  };
  const { residual, bias, activation, slope } = p.epilogue;
  const volume = p.depth && { ...p.depth, outDepth: depth };
  const reachY = (height - 1) * p.strideHeight - p.padTop + (p.kernelHeight - 1) * p.dilationHeight;
  const reachX = (width - 1) * p.strideWidth - p.padLeft + (p.kernelWidth - 1) * p.dilationWidth;
  const leavesImage = p.padTop > 0 || p.padLeft > 0 || reachY >= p.inHeight || reachX >= p.inWidth;
  return {
    ...p,
    outHeight: height,
    outWidth: width,
    rows: p.batch * depth * height * width,
    columns,
    channels,
    taps,
    volume,
    padded: leavesImage || (volume !== undefined && leavesDepth(volume)),
    input: grouped(p.input, inDims, channels, p.depth?.inputStride),
    output: grouped(p.output, outDims, columns, p.depth?.outputStride),
    residual: residual && grouped(residual, outDims, columns, p.depth?.residualStride),
    weights: { offset: 0, g: columns * channels * taps, n: channels * taps, c: taps, t: 1 },
    bias,
    biasGroup: columns,
    activation,
    slope,
  };
}

function leavesDepth(v: VolumeAxis): boolean {
  const reach = (v.outDepth - 1) * v.strideDepth - v.padFront + (v.kernelDepth - 1) * v.dilationDepth;
  return v.padFront > 0 || reach >= v.inDepth;
}

/** A GEMM as the kernels see it. */
export function implicitGemm(p: GemmProblem): ImplicitGemm {
  const shared = p.b.batchStride === 0 || p.batch === 1;
  const batch = shared ? p.batch : 1;
  const rowsAsPixels = (layout: MatrixLayout, rows: number): GroupedLayout => ({
    offset: layout.offset,
    g: shared ? 0 : layout.batchStride,
    n: batch > 1 ? layout.batchStride : 0,
    c: layout.columnStride,
    z: 0,
    y: 0,
    x: rows > 1 ? layout.rowStride : 0,
  });
  const { residual, bias, activation, slope } = p.epilogue;
  return {
    elementType: p.elementType,
    f32Output: p.f32Output,
    groups: shared ? 1 : p.batch,
    batch,
    outHeight: 1,
    outWidth: p.m,
    rows: batch * p.m,
    columns: p.n,
    channels: p.k,
    taps: 1,
    inHeight: 1,
    inWidth: p.m,
    kernelHeight: 1,
    kernelWidth: 1,
    strideHeight: 1,
    strideWidth: 1,
    dilationHeight: 1,
    dilationWidth: 1,
    padTop: 0,
    padLeft: 0,
    padded: false,
    input: rowsAsPixels(p.a, p.m),
    output: rowsAsPixels(p.c, p.m),
    residual: residual && rowsAsPixels(residual, p.m),
    weights: {
      offset: p.b.offset,
      g: shared ? 0 : p.b.batchStride,
      n: p.b.columnStride,
      c: p.b.rowStride,
      t: 0,
    },
    bias,
    biasGroup: 0,
    activation,
    slope,
  };
}

/** The uniform values every kernel of this family takes; strides of input, output, residual and weights are prefixed x, y, r and w. */
export function implicitParams(p: ImplicitGemm): readonly Param[] {
  const u32 = (values: Record<string, number>): Param[] =>
    Object.entries(values).map(([name, value]) => ({ name, type: 'u32', value }));
  const i32 = (values: Record<string, number>): Param[] =>
    Object.entries(values).map(([name, value]) => ({ name, type: 'i32', value }));
  const layout = (prefix: string, l: GroupedLayout | undefined): Record<string, number> => ({
    [`${prefix}_offset`]: l?.offset ?? 0,
    [`${prefix}_g`]: l?.g ?? 0,
    [`${prefix}_n`]: l?.n ?? 0,
    [`${prefix}_c`]: l?.c ?? 0,
    [`${prefix}_y`]: l?.y ?? 0,
    [`${prefix}_x`]: l?.x ?? 0,
  });
  return [
    ...u32({ rows: p.rows, columns: p.columns, channels: p.channels, taps: p.taps }),
    ...u32({ out_width: p.outWidth, out_pixels: p.outHeight * p.outWidth }),
    ...u32({ kernel_height: p.kernelHeight, kernel_width: p.kernelWidth }),
    ...i32({ in_height: p.inHeight, in_width: p.inWidth, pad_top: p.padTop, pad_left: p.padLeft }),
    ...i32({ stride_y: p.strideHeight, stride_x: p.strideWidth }),
    ...i32({ dilation_y: p.dilationHeight, dilation_x: p.dilationWidth }),
    ...u32(layout('x', p.input)),
    ...u32(layout('y', p.output)),
    ...u32(layout('r', p.residual)),
    ...u32({ w_offset: p.weights.offset, w_g: p.weights.g, w_n: p.weights.n, w_c: p.weights.c, w_t: p.weights.t }),
    ...u32({ bias_g: p.biasGroup, rectifies: p.activation?.kind === 'relu' ? 1 : 0 }),
    ...(p.volume ? volumeParams(p, p.volume) : []),
  ];
}

function volumeParams({ input, output, residual }: ImplicitGemm, volume: VolumeAxis): Param[] {
  const { outDepth, kernelDepth, inDepth, padFront, strideDepth, dilationDepth } = volume;
  const strides = { x_z: input.z, y_z: output.z, r_z: residual?.z ?? 0 };
  const unsigned = { out_depth: outDepth, kernel_depth: kernelDepth, ...strides };
  const signed = { in_depth: inDepth, pad_front: padFront, stride_z: strideDepth, dilation_z: dilationDepth };
  return [
    ...Object.entries(unsigned).map(([name, value]): Param => ({ name, type: 'u32', value })),
    ...Object.entries(signed).map(([name, value]): Param => ({ name, type: 'i32', value })),
  ];
}

/** True where four successive channels of a layout are one aligned vec4: unit channel stride, the rest multiples of 4. */
export function isVectorLayout(layout: GroupedLayout, channels: number): boolean {
  const { offset, g, n, c, z, y, x } = layout;
  return c === 1 && channels % 4 === 0 && [offset, g, n, z, y, x].every((value) => value % 4 === 0);
}

/** True where results can be stored, and residuals read, four channels at a time. */
export function hasVectorOutput(p: ImplicitGemm): boolean {
  return isVectorLayout(p.output, p.columns) && (!p.residual || isVectorLayout(p.residual, p.columns));
}

/** True where weights used as they are can be read four columns at a time. */
export function hasVectorWeights(p: ImplicitGemm): boolean {
  const { g, n, c, t, offset } = p.weights;
  return n === 1 && p.columns % 4 === 0 && [g, c, t, offset].every((stride) => stride % 4 === 0);
}
