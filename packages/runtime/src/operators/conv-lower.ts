import {
  convKey,
  mayPoolConv,
  planConv,
  planInt8Conv,
  spatialConv,
  type ActivationFunction,
  type ConvProblem,
  type Int8ConvProblem,
  type PackingMap,
  type Plan,
} from '@tessera/conv-kernels';
import type { Window } from '../kernels/volume.js';
import { convOptions } from '../program/choices.js';
import { byteSize } from '../program/layout.js';
import { encodeStorage } from '../program/storage.js';
import { emitAveragedProduct } from './averaged-product.js';
import { fasterInput } from './f32-input.js';
import { convWindow } from './conv-infer.js';
import { product } from './host-index.js';
import { emitPlan, planned, vectorAsF32 } from './plan-emission.js';
import type { LowerContext, Operand } from './types.js';

/** What is done to the sums of a convolution, besides the bias, before they are stored. */
export interface ConvEpilogue {
  /** Of the output's shape, in any strides. */
  readonly residual?: Operand;
  readonly activation?: ActivationFunction;
}

/** Lowers Conv or FusedConv: X input 0, W input 1, bias input 2 where there is one. The output lies channels-last. */
export function lowerConv(context: LowerContext, epilogue: ConvEpilogue): void {
  const residual = epilogue.residual && withPositiveStrides(context, epilogue.residual);
  const { activation } = epilogue;
  const weightShape = context.type(1).shape;
  const x = withPositiveStrides(context, context.input(0));
  const window = convWindow(context, context.type(0).shape, weightShape);
  const y = context.allocateOutput(0, 'channels-last');
  // Of no images, as a detector's last layers see them where nothing was found, there is nothing to compute.
  if (x.shape[0] === 0) return context.output(0, y);
  const bias = context.hasInput(2) ? vectorAsF32(context, 2, weightShape[0]) : undefined;
  if (y.elementType === 'i32') return lowerIntegers(context, { x, y, window });
  const elementType = floatElementType(context, y);
  const constantWeights = context.isConstant(1);
  if (constantWeights && !residual && emitOfMeans(context, { x, y, window, elementType, bias, activation })) {
    return context.output(0, y);
  }
  const problem = planned(context, () =>
    spatialConv({
      ...convGeometry(context, x, y, window),
      elementType,
      constantWeights,
      epilogue: { bias: bias !== undefined, residual, activation },
    }),
  );
  const weights = (plan: Plan): Operand =>
    constantWeights ? packedWeights(context, plan, 1, elementType) : runWeights(context, elementType);
  const emit = (): void => {
    const from = fasterInput(context, problem, x);
    const plan = plannedConv(context, from.problem);
    if (from.conversion) context.absorb(from.conversion);
    emitPlan(context, plan, { input: from.x, weights: weights(plan), bias, residual, output: y });
  };
  const isFree = context.algorithms.only === undefined && constantWeights && !residual;
  if (isFree && mayPoolConv(problem, context.profile)) {
    context.defer({ kind: 'conv', problem, x, bias, weights, result: y, emit });
  } else emit();
  context.output(0, y);
}

function plannedConv(context: LowerContext, problem: ConvProblem): Plan {
  context.choose({ kind: 'conv', problem });
  const options = convOptions(context.algorithms);
  const activation = Object.entries(problem.epilogue.activation ?? {}).join();
  const key = `${convKey(problem)} ${activation} ${options.only ?? ''}`;
  return planned(context, () => context.planOnce(key, () => planConv(problem, context.profile, options)));
}

/** A convolution of single pixels that are means, together with these; false where it is none, or better on its own. */
function emitOfMeans(
  context: LowerContext,
  {
    x,
    y,
    window,
    ...rest
  }: Pick<Parameters<typeof emitAveragedProduct>[1], 'elementType' | 'bias' | 'activation'> & {
    readonly x: Operand;
    readonly y: Operand;
    readonly window: Window;
  },
): boolean {
  const { kernel, padsBegin, padsEnd } = window;
  const isPixel = [...x.shape.slice(2), ...kernel].every((size) => size === 1);
  const isPadded = [...padsBegin, ...padsEnd].some((pad) => pad > 0);
  if (!isPixel || isPadded || context.attributes.int('group', 1) !== 1) return false;
  const [m, k] = x.shape;
  return emitAveragedProduct(context, {
    ...rest,
    a: x,
    rows: { offset: x.offset, rowStride: x.strides[0], columnStride: x.strides[1] },
    m,
    k,
    n: y.shape[1],
    output: { offset: y.offset, rowStride: y.strides[0], columnStride: y.strides[1] },
    y,
    weights: { input: 1, channelStride: 1, columnStride: k },
  });
}

/** Sizes, window and layouts of a convolution, as `spatialConv` takes them. */
export function convGeometry(context: LowerContext, x: Operand, y: Operand, window: Window) {
  return {
    batch: x.shape[0],
    inChannels: x.shape[1],
    outChannels: y.shape[1],
    groups: context.attributes.int('group', 1),
    axes: window.kernel.map((kernel, i) => ({
      input: x.shape[2 + i],
      kernel,
      stride: window.strides[i],
      dilation: window.dilations[i],
      padBegin: window.padsBegin[i],
      padEnd: window.padsEnd[i],
    })),
    input: x,
    output: y,
  };
}

/** Exact sums of int32: the kernel that reads its elements one a word takes any integers, not only those of 8 bits. */
function lowerIntegers(
  context: LowerContext,
  { x, y, window }: { readonly x: Operand; readonly y: Operand; readonly window: Window },
): void {
  if (context.hasInput(2)) context.fail('convolutions of int32 with a bias are not supported; add it afterwards');
  const plan = planned(context, () => {
    const conv = spatialConv({ ...convGeometry(context, x, y, window), elementType: 'f32', epilogue: { bias: false } });
    const problem: Int8ConvProblem = {
      ...conv,
      inputType: 'int8',
      inputStorage: 'words',
      inputZero: 0,
      weightType: 'int8',
      weightZero: 'none',
      constantWeights: false,
      bias: false,
      scale: 'none',
      result: { type: 'int32' },
    };
    return planInt8Conv(problem, context.profile, { only: 'int8-direct' });
  });
  const weights = context.withLayout(context.input(1), 'row-major');
  emitPlan(context, plan, { input: x, weights, output: y });
  context.output(0, y);
}

/** Weights that the run computes, dense and in the order of their dimensions. */
export function runWeights(context: LowerContext, elementType: 'f32' | 'f16'): Operand {
  const weights = context.withLayout(context.input(1), 'row-major');
  if (weights.elementType === elementType) return weights;
  return context.fail(`W is stored as ${weights.elementType} and X as ${elementType}; both must be of one type`);
}

/** A view whose elements run backwards, copied; any other operand as it is. */
export function withPositiveStrides(context: LowerContext, operand: Operand): Operand {
  return operand.strides.some((stride) => stride < 0) ? context.withLayout(operand, 'row-major') : operand;
}

/** A change of a constant's values before they are packed. */
export interface PreparedValues {
  readonly key: string;
  /** Of the numbers it gives. */
  readonly dims: readonly number[];
  readonly values: (values: Float32Array) => Float32Array;
  /** The same, of a matrix that is a view of the tensor. */
  readonly view?: MatrixView;
}

/** Where the elements of a matrix lie in a tensor. */
export interface MatrixView {
  readonly offset: number;
  readonly rowStride: number;
  readonly columnStride: number;
}

function preparedWeights(
  context: LowerContext,
  input: number,
  elementType: 'f32' | 'f16',
  { key, dims, values }: PreparedValues,
): Operand {
  return context.weight({
    input,
    elementType,
    dims,
    byteLength: product(dims) * byteSize(elementType),
    key,
    pack: (source) => encodeStorage('float32', values(source), elementType),
  });
}

/** The weights of a plan, packed as it asks, or as they are. */
export function packedWeights(
  context: LowerContext,
  plan: Plan,
  input: number,
  elementType: 'f32' | 'f16',
  prepare?: PreparedValues,
): Operand {
  const { packing } = plan;
  const shape = prepare?.dims ?? context.type(input).shape;
  if (!packing && !prepare) return context.input(input);
  if (!packing) return preparedWeights(context, input, elementType, prepare!);
  return context.weight({
    input,
    elementType,
    dims: shape,
    byteLength: packing.byteLength,
    key: prepare ? `${prepare.key} ${packing.key}` : packing.key,
    pack: (values) => packing.pack(prepare ? prepare.values(values) : values),
    map: prepare ? packing.map && viewedMap(packing.map, prepare) : packing.map,
  });
}

/** A packing of a row-major matrix as one of its source, where that is laid out by rows and columns. */
function viewedMap(map: PackingMap, { dims: [rows, columns], view }: PreparedValues): PackingMap | undefined {
  const { channel, column, group, tap } = map.source;
  const isMatrix = channel.size === rows && column.size === columns && group.size === 1 && tap.size === 1;
  if (!view || !isMatrix) return undefined;
  const source = {
    ...map.source,
    channel: { size: rows, stride: view.rowStride },
    column: { size: columns, stride: view.columnStride },
  };
  return { ...map, offset: view.offset, source };
}

/** The storage type of a floating-point operand; fails for integers. */
export function floatElementType(context: LowerContext, operand: Operand): 'f32' | 'f16' {
  const { elementType, dataType } = operand;
  if (elementType === 'f32' || elementType === 'f16') return elementType;
  return context.fail(`operands of type ${dataType} are not supported; they must be floating-point`);
}
