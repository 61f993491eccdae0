import type { ExpandContext, FunctionOperator } from '../types.js';
import { affineInput, dequantized, quantized } from './affine.js';
import { call, castTo, float, int, ints, scalarLike, shapeOf, vector } from './build.js';
import { convAttributes, dequantizedBias, dynamicRange, passedAttributes } from './integer.js';

type Apply = (context: ExpandContext, ...values: readonly string[]) => string;

/** Inputs of `count` quantized tensors and then the scale and zero point of the result: dequantized, applied, quantized. */
function quantizedOperator(count: number, apply: Apply): (context: ExpandContext) => void {
  return (context) => {
    const values = Array.from({ length: count }, (_, i) => dequantized(context, affineInput(context, 3 * i)));
    const result = apply(context, ...values);
    context.result(0, quantized(context, result, context.inputName(3 * count), context.inputName(3 * count + 1)));
  };
}

/** Applies a function of channels-first tensors to one that may have its channels last. */
function channelsFirst(context: ExpandContext, x: string, apply: (value: string) => string): string {
  if (context.attributes.int('channels_last', 0) === 0) return apply(x);
  const rank = shapeOf(context, x, 'X').length;
  const spatial = Array.from({ length: rank - 2 }, (_, i) => i + 1);
  const first = call(context, 'Transpose', [x], { perm: ints([0, rank - 1, ...spatial]) });
  return call(context, 'Transpose', [apply(first)], { perm: ints([0, ...spatial.map((axis) => axis + 1), 1]) });
}

const poolAttributes = ['auto_pad', 'ceil_mode', 'count_include_pad', 'kernel_shape', 'pads', 'strides'] as const;

/** Scale and zero point of the result, then those and the values of each input. */
function concat(context: ExpandContext): void {
  const count = Math.floor((context.inputCount - 2) / 3);
  const values = Array.from({ length: count }, (_, i) => dequantized(context, affineInput(context, 2 + 3 * i)));
  const whole = call(context, 'Concat', values, passedAttributes(context, ['axis']));
  context.result(0, quantized(context, whole, context.inputName(0), context.inputName(1)));
}

function where(context: ExpandContext): void {
  const [x, y] = [dequantized(context, affineInput(context, 1)), dequantized(context, affineInput(context, 4))];
  const chosen = call(context, 'Where', [context.inputName(0), x, y]);
  context.result(0, quantized(context, chosen, context.inputName(7), context.inputName(8)));
}

/** Operator sets before 13 flatten the dimensions from the axis on. */
function softmax(context: ExpandContext, x: string): string {
  const rank = shapeOf(context, x, 'X').length;
  const isEarly = context.attributes.int('opset', 13) < 13;
  const axis = context.attributes.int('axis', -1);
  const first = axis < 0 ? axis + rank : axis;
  if (!isEarly || first === rank - 1) return call(context, 'Softmax', [x], { axis: int(axis) });
  const rows = call(context, 'Flatten', [x], { axis: int(first) });
  const result = call(context, 'Softmax', [rows], { axis: int(1) });
  return call(context, 'Reshape', [result, call(context, 'Shape', [x])]);
}

function reduceMean(context: ExpandContext, x: string): string {
  const axes = context.attributes.ints('axes', []);
  const inputs = axes.length > 0 ? [x, vector(context, axes)] : [x];
  return call(context, 'ReduceMean', inputs, passedAttributes(context, ['keepdims']));
}

/** alpha * A * B + C, in float where the result has no scale. C is int32 at alpha times the scales of A and B. */
function qGemm(context: ExpandContext): void {
  const isTransposed = context.attributes.int('transB', 0) !== 0;
  const [a, b] = [affineInput(context, 0), affineInput(context, 3)];
  const alpha = context.attributes.float('alpha', 1);
  const inputs = [dequantized(context, a), dequantized(context, b, isTransposed ? 0 : 1)];
  const attributes = passedAttributes(context, ['transA', 'transB']);
  let y = call(context, 'Gemm', inputs, { ...attributes, alpha: float(alpha) });
  if (context.hasInput(6)) {
    const scale = call(context, 'Mul', [a.scale, scalarLike(context, a.scale, alpha)]);
    const steps = call(context, 'Mul', [scale, b.scale]);
    const numbers = castTo(context, context.inputName(6), 'float32');
    y = call(context, 'Add', [y, call(context, 'Mul', [numbers, steps])]);
  }
  context.result(0, context.hasInput(7) ? quantized(context, y, context.inputName(7), context.inputName(8)) : y);
}

/** A is quantized by its own range, as B is by its scale. */
function dynamicQuantizeMatMul(context: ExpandContext): void {
  const a = context.inputName(0);
  const { scale, zeroPoint } = dynamicRange(context, a);
  const value = quantized(context, a, scale, zeroPoint);
  const b = { value: context.inputName(1), scale: context.inputName(2), zeroPoint: context.inputName(3) };
  const product = call(context, 'MatMul', [
    dequantized(context, { value, scale, zeroPoint }),
    dequantized(context, b, -1),
  ]);
  context.result(0, context.hasInput(4) ? call(context, 'Add', [product, context.inputName(4)]) : product);
}

function matMulIntegerToFloat(context: ExpandContext): void {
  const operand = (i: number, axis: number) => {
    const parts = { value: context.inputName(i), scale: context.inputName(2 + i), zeroPoint: context.inputName(4 + i) };
    return dequantized(context, parts, axis);
  };
  const product = call(context, 'MatMul', [operand(0, -2), operand(1, -1)]);
  context.result(0, context.hasInput(6) ? call(context, 'Add', [product, context.inputName(6)]) : product);
}

/** An LSTM with weights of 8 bits, which lie as [directions, input, 4 * hidden]. */
function dynamicQuantizeLstm(context: ExpandContext): void {
  const weights = (value: number, scale: number) => {
    const parts = [value, scale, scale + 1].map((index) => context.inputName(index));
    const isRanked = context.typeOf(parts[1]).shape?.length === 2;
    const spread = (name: string) => (isRanked ? call(context, 'Unsqueeze', [name, vector(context, [1])]) : name);
    const centred = call(context, 'Sub', [
      castTo(context, parts[0], 'float32'),
      castTo(context, spread(parts[2]), 'float32'),
    ]);
    const numbers = call(context, 'Mul', [centred, spread(parts[1])]);
    return call(context, 'Transpose', [numbers], { perm: ints([0, 2, 1]) });
  };
  const rest = [3, 4, 5, 6, 7].map((index) => context.inputName(index));
  const attributes = [
    'activation_alpha',
    'activation_beta',
    'activations',
    'clip',
    'direction',
    'hidden_size',
    'input_forget',
  ];
  const inputs = [context.inputName(0), weights(1, 8), weights(2, 10), ...rest];
  const outputs = context.add('LSTM', inputs, passedAttributes(context, attributes), { outputs: 3 });
  outputs.forEach((value, index) => context.result(index, value));
}

const definitions: Readonly<Record<string, (context: ExpandContext) => void>> = {
  QLinearAdd: quantizedOperator(2, (context, a, b) => call(context, 'Add', [a, b])),
  QLinearMul: quantizedOperator(2, (context, a, b) => call(context, 'Mul', [a, b])),
  QLinearSigmoid: quantizedOperator(1, (context, x) => call(context, 'Sigmoid', [x])),
  QLinearLeakyRelu: quantizedOperator(1, (context, x) =>
    call(context, 'LeakyRelu', [x], { alpha: float(context.attributes.float('alpha', 0.01)) }),
  ),
  QLinearSoftmax: quantizedOperator(1, softmax),
  QLinearReduceMean: quantizedOperator(1, reduceMean),
  QLinearAveragePool: quantizedOperator(1, (context, x) =>
    channelsFirst(context, x, (value) =>
      call(context, 'AveragePool', [value], passedAttributes(context, poolAttributes)),
    ),
  ),
  QLinearGlobalAveragePool: quantizedOperator(1, (context, x) =>
    channelsFirst(context, x, (value) => call(context, 'GlobalAveragePool', [value])),
  ),
  QLinearConv: (context) => {
    const [x, w] = [affineInput(context, 0), affineInput(context, 3)];
    const bias = context.hasInput(8) ? [dequantizedBias(context, context.inputName(8), x.scale, w.scale)] : [];
    const weights = dequantized(context, w, 0);
    const y = channelsFirst(context, dequantized(context, x), (value) =>
      call(context, 'Conv', [value, weights, ...bias], passedAttributes(context, convAttributes)),
    );
    context.result(0, quantized(context, y, context.inputName(6), context.inputName(7)));
  },
  QLinearConcat: concat,
  QLinearWhere: where,
  QGemm: qGemm,
  DynamicQuantizeMatMul: dynamicQuantizeMatMul,
  MatMulIntegerToFloat: matMulIntegerToFloat,
  DynamicQuantizeLSTM: dynamicQuantizeLstm,
  QuantizeLinear: (context) =>
    context.result(
      0,
      quantized(
        context,
        context.inputName(0),
        context.inputName(1),
        context.inputName(2),
        context.attributes.int('axis', 1),
      ),
    ),
  DequantizeLinear: (context) =>
    context.result(0, dequantized(context, affineInput(context, 0), context.attributes.int('axis', 1))),
};

/** The quantized operators of com.microsoft. */
export const quantizedFunctions: readonly FunctionOperator[] = Object.entries(definitions).map(([type, expand]) => ({
  type,
  domain: 'com.microsoft',
  since: 1,
  expand,
}));
