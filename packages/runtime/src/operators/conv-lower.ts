import {
  planConv,
  type ActivationFunction,
  type ActivationLayout,
  type ConvProblem,
  type Plan,
} from '@tessera/conv-kernels';
import { directConvEmission } from '../kernels/conv-direct.js';
import type { Window } from '../kernels/volume.js';
import { byteSize } from '../program/layout.js';
import { encodeStorage } from '../program/storage.js';
import { convWindow } from './conv-infer.js';
import { product } from './host-index.js';
import { isInteger } from './numbers.js';
import { emitPlan, planned, vectorAsF32 } from './plan-emission.js';
import type { LowerContext, Operand } from './types.js';

/** What is done to the sums of a convolution, besides the bias, before they are stored. */
export interface ConvEpilogue {
  /** Of the output's shape, in any strides. */
  readonly residual?: Operand;
  readonly activation?: ActivationFunction;
}

/** Lowers Conv or FusedConv: X input 0, W input 1, bias input 2 where there is one. The output lies channels-last. */
export function lowerConv(context: LowerContext, { residual, activation }: ConvEpilogue): void {
  const epilogue = { residual: residual && withPositiveStrides(context, residual), activation };
  const weightShape = context.type(1).shape;
  const [x, window] = croppedInput(
    withPositiveStrides(context, context.input(0)),
    convWindow(context, context.type(0).shape, weightShape),
  );
  const y = context.allocate(context.outputType(0), 'channels-last');
  const isIntegral = isInteger(y.dataType);
  const vector = isIntegral
    ? () => context.withLayout(context.input(2), 'row-major')
    : () => vectorAsF32(context, 2, weightShape[0]);
  const bias = context.hasInput(2) ? vector() : undefined;
  const groups = context.attributes.int('group', 1);
  const isPlanned = x.shape.length <= 4 && context.isConstant(1) && !isIntegral;
  if (isPlanned) lowerPlanned(context, epilogue, { x, y, bias, window, groups });
  else {
    const weights = context.input(1);
    const problem = { isTransposed: false, window, groups, x, weights, bias, ...epilogue, y };
    context.emit(directConvEmission(problem, context.profile));
  }
  context.output(0, y);
}

/** Negative pads cut the input instead: a smaller view of it, and pads of 0. */
export function croppedInput(x: Operand, window: Window): readonly [Operand, Window] {
  const { padsBegin, padsEnd } = window;
  if ([...padsBegin, ...padsEnd].every((pad) => pad >= 0)) return [x, window];
  const cut = (pads: readonly number[], i: number) => Math.max(0, -pads[i]);
  const spatial = x.shape.slice(2).map((size, i) => size - cut(padsBegin, i) - cut(padsEnd, i));
  const offset = padsBegin.reduce((sum, _, i) => sum + cut(padsBegin, i) * x.strides[2 + i], x.offset);
  const kept = (pads: readonly number[]) => pads.map((pad) => Math.max(0, pad));
  const view = { ...x, shape: [...x.shape.slice(0, 2), ...spatial], offset };
  return [view, { ...window, padsBegin: kept(padsBegin), padsEnd: kept(padsEnd) }];
}

/** A view whose elements run backwards, copied; any other operand as it is. */
export function withPositiveStrides(context: LowerContext, operand: Operand): Operand {
  return operand.strides.some((stride) => stride < 0) ? context.withLayout(operand, 'row-major') : operand;
}

interface PlannedConv {
  readonly x: Operand;
  readonly y: Operand;
  readonly bias?: Operand;
  readonly window: Window;
  readonly groups: number;
}

function lowerPlanned(context: LowerContext, { residual, activation }: ConvEpilogue, conv: PlannedConv): void {
  const { x, y, bias, window, groups } = conv;
  const is2d = x.shape.length === 4;
  const pair = (values: readonly number[], fill: number) => (is2d ? values : [fill, ...values]);
  const [inHeight, inWidth] = pair(x.shape.slice(2), 1);
  const [kernelHeight, kernelWidth] = pair(window.kernel, 1);
  const [strideHeight, strideWidth] = pair(window.strides, 1);
  const [dilationHeight, dilationWidth] = pair(window.dilations, 1);
  const [padTop, padLeft] = pair(window.padsBegin, 0);
  const [padBottom, padRight] = pair(window.padsEnd, 0);
  const problem: ConvProblem = {
    batch: x.shape[0],
    inChannels: x.shape[1],
    inHeight,
    inWidth,
    outChannels: y.shape[1],
    kernelHeight,
    kernelWidth,
    strideHeight,
    strideWidth,
    dilationHeight,
    dilationWidth,
    padTop,
    padLeft,
    padBottom,
    padRight,
    groups,
    elementType: floatElementType(context, y),
    input: activationLayout(x),
    output: activationLayout(y),
    epilogue: { bias: bias !== undefined, residual: residual && activationLayout(residual), activation },
  };
  const plan = planned(context, () => planConv(problem, context.profile, context.algorithms));
  const weights = packedWeights(context, plan, 1, problem.elementType);
  emitPlan(context, plan, { input: x, weights, bias, residual, output: y });
}

/** A change of a constant's values before they are packed. */
export interface PreparedValues {
  readonly key: string;
  /** Of the numbers it gives. */
  readonly dims: readonly number[];
  readonly values: (values: Float32Array) => Float32Array;
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
  });
}

/** The storage type of a floating-point operand; fails for integers. */
export function floatElementType(context: LowerContext, operand: Operand): 'f32' | 'f16' {
  const { elementType, dataType } = operand;
  if (elementType === 'f32' || elementType === 'f16') return elementType;
  return context.fail(`operands of type ${dataType} are not supported; they must be floating-point`);
}

/** Where [N, C, H, W] or [N, C, W] (taken as height 1) lies. */
export function activationLayout(operand: Operand): ActivationLayout {
  const { offset, strides, shape } = operand;
  if (strides.length === 4) return { offset, strides: strides as [number, number, number, number] };
  return { offset, strides: [strides[0], strides[1], strides[2] * shape[2], strides[2]] };
}
