import type { Attribute } from '@tessera/onnx-loader';
import type { ExpandContext, FunctionOperator } from '../types.js';
import { affineInput, dequantized, quantized } from './affine.js';
import { call, castTo, int, scalarLike, shapeOf, unsqueeze } from './build.js';

/** The attributes of a node that those of the operator it becomes share. */
export function passedAttributes(context: ExpandContext, names: readonly string[]): Record<string, Attribute> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const attribute = context.attributes.get(name);
      return attribute ? [[name, attribute] as const] : [];
    }),
  );
}

export const convAttributes = ['auto_pad', 'dilations', 'group', 'kernel_shape', 'pads', 'strides'] as const;

/** The integers of an input less their zero point, as int32; a zero point for each position is that of `axis`. */
function centred(context: ExpandContext, index: number, zeroIndex: number, axis: number): string {
  const value = castTo(context, context.inputName(index), 'int32');
  if (!context.hasInput(zeroIndex)) return value;
  const zero = castTo(context, context.inputName(zeroIndex), 'int32');
  const rank = shapeOf(context, value, `input ${index}`).length;
  const isVector = shapeOf(context, zero, `input ${zeroIndex}`).length === 1;
  const trailing = rank - 1 - (axis < 0 ? axis + rank : axis);
  const axes = isVector ? Array.from({ length: trailing }, (_, i) => i + 1) : [];
  return call(context, 'Sub', [value, unsqueeze(context, zero, axes)]);
}

function convInteger(context: ExpandContext): void {
  const inputs = [centred(context, 0, 2, 1), centred(context, 1, 3, 0)];
  context.result(0, call(context, 'Conv', inputs, passedAttributes(context, convAttributes)));
}

function matMulInteger(context: ExpandContext): void {
  context.result(0, call(context, 'MatMul', [centred(context, 0, 2, -2), centred(context, 1, 3, -1)]));
}

/** The int32 bias of a quantized convolution or product: its scale is that of x times that of w. */
export function dequantizedBias(context: ExpandContext, bias: string, xScale: string, wScale: string): string {
  const scale = call(context, 'Mul', [xScale, wScale]);
  return dequantized(context, { value: bias, scale, zeroPoint: '' }, 0);
}

function qLinearConv(context: ExpandContext): void {
  const [x, w] = [affineInput(context, 0), affineInput(context, 3)];
  const inputs = [dequantized(context, x), dequantized(context, w, 0)];
  if (context.hasInput(8)) inputs.push(dequantizedBias(context, context.inputName(8), x.scale, w.scale));
  const y = call(context, 'Conv', inputs, passedAttributes(context, convAttributes));
  context.result(0, quantized(context, y, context.inputName(6), context.inputName(7)));
}

function qLinearMatMul(context: ExpandContext): void {
  const [a, b] = [affineInput(context, 0), affineInput(context, 3)];
  const y = call(context, 'MatMul', [dequantized(context, a, -2), dequantized(context, b, -1)]);
  context.result(0, quantized(context, y, context.inputName(6), context.inputName(7)));
}

/** Scale and zero point with which uint8 spans a tensor's range and 0. */
export interface DynamicRange {
  readonly scale: string;
  readonly zeroPoint: string;
}

export function dynamicRange(context: ExpandContext, x: string): DynamicRange {
  const zero = scalarLike(context, x, 0);
  const extreme = (reduce: string, pick: string) =>
    call(context, pick, [call(context, reduce, [x], { keepdims: int(0) }), zero]);
  const [high, low] = [extreme('ReduceMax', 'Max'), extreme('ReduceMin', 'Min')];
  const range = call(context, 'Sub', [high, low]);
  const isFlat = call(context, 'Equal', [range, zero]);
  const step = call(context, 'Div', [range, scalarLike(context, x, 255)]);
  const scale = call(context, 'Where', [isFlat, scalarLike(context, x, 1), step]);
  const offset = call(context, 'Div', [call(context, 'Sub', [zero, low]), scale]);
  const level = call(context, 'Clip', [call(context, 'Round', [offset]), zero, scalarLike(context, x, 255)]);
  return { scale, zeroPoint: castTo(context, level, 'uint8') };
}

function dynamicQuantizeLinear(context: ExpandContext): void {
  const x = context.inputName(0);
  const { scale, zeroPoint } = dynamicRange(context, x);
  context.result(0, quantized(context, x, scale, zeroPoint));
  context.result(1, scale);
  context.result(2, zeroPoint);
}

/** The quantized operators of the default domain, on int32 sums or on the numbers that the integers stand for. */
export const integerFunctions: readonly FunctionOperator[] = [
  { type: 'ConvInteger', domain: '', since: 10, expand: convInteger },
  { type: 'MatMulInteger', domain: '', since: 10, expand: matMulInteger },
  { type: 'QLinearConv', domain: '', since: 10, expand: qLinearConv },
  { type: 'QLinearMatMul', domain: '', since: 10, expand: qLinearMatMul },
  { type: 'DynamicQuantizeLinear', domain: '', since: 11, expand: dynamicQuantizeLinear },
];
