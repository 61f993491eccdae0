import type { DataType } from '@tessera/onnx-loader';
import { isSmallFloat } from '../program/small-floats.js';
import type { Tensor } from '../tensor.js';
import { dataTypeOf } from './cast.js';
import { emitElementwise, evaluateElementwise } from './elementwise.js';
import { normalizeAxis, showDims } from './helpers.js';
import { blocksOf, spreadOperand, spreadTensor } from './quantize-blocks.js';
import type { EvaluateContext, LowerContext, NodeContext, Operand, Operator } from './types.js';
import { roundHalfEven } from './unary.js';

const ranges: Partial<Record<DataType, readonly [number, number]>> = {
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32768, 32767],
  uint16: [0, 65535],
  int32: [-2147483648, 2147483647],
  int4: [-8, 7],
  uint4: [0, 15],
  int2: [-2, 1],
  uint2: [0, 3],
};

function checkType(context: NodeContext, dataType: DataType): void {
  if (!ranges[dataType] && !isSmallFloat(dataType)) context.fail(`quantization to ${dataType} is not defined`);
}

/** The shape with which a scale or zero point is broadcast: one value, or one for each position along `axis`. */
function parameterShape(context: NodeContext, x: readonly number[], parameter: readonly number[]): readonly number[] {
  if (parameter.length === 0 || (parameter.length === 1 && parameter[0] === 1)) return [];
  const axis = normalizeAxis(context, context.attributes.int('axis', 1), x.length);
  if (parameter.length !== 1 || parameter[0] !== x[axis]) {
    context.fail(
      `scale and zero point ${showDims(parameter)} must be scalars or have one value for each of the ${x[axis]} positions along axis ${axis}`,
    );
  }
  return x.map((size, i) => (i === axis ? size : 1));
}

function hostInputs(context: EvaluateContext): Tensor[] {
  const x = context.input(0);
  const blocks = blocksOf(context, x.dims.length);
  const parameters = [context.input(1), context.optional(2)].filter((tensor) => tensor !== undefined);
  const spread = (tensor: Tensor): Tensor =>
    blocks
      ? spreadTensor(context, blocks, x.dims, tensor)
      : { ...tensor, dims: parameterShape(context, x.dims, tensor.dims) };
  return [x, ...parameters.map(spread)];
}

function deviceInputs(context: LowerContext): Operand[] {
  const x = context.input(0);
  const blocks = blocksOf(context, x.shape.length);
  const parameters = [1, 2]
    .filter((index) => context.hasInput(index))
    .map((index) => {
      const operand = context.input(index);
      if (blocks) return spreadOperand(context, blocks, x.shape, operand);
      const shape = parameterShape(context, x.shape, operand.shape);
      return { ...operand, shape, strides: shape.map((size) => (size === 1 ? 0 : operand.strides[0])) };
    });
  return [x, ...parameters];
}

/** The type a QuantizeLinear gives: its zero point's, its attribute's, or uint8. */
function quantizedType(context: NodeContext, zeroPoint: DataType | undefined): DataType {
  return zeroPoint ?? statedType(context) ?? 'uint8';
}

function statedType(context: NodeContext): DataType | undefined {
  const hasType = context.attributes.has('output_dtype') && context.attributes.int('output_dtype') !== 0;
  return hasType ? dataTypeOf(context, 'output_dtype') : undefined;
}

/** Levels of integers are whole and clamped; a small float rounds as a cast to it does. */
function quantize(dataType: DataType): (values: readonly number[]) => number {
  const range = ranges[dataType];
  if (!range) return ([x, scale, zero = 0]) => Math.fround(x / scale) + zero;
  return ([x, scale, zero = 0]) => {
    const level = roundHalfEven(Math.fround(x / scale)) + zero;
    return Math.min(range[1], Math.max(range[0], level));
  };
}

function lowerQuantize(context: LowerContext): void {
  const type = context.outputType(0);
  const [low, high] = ranges[type.dataType]!;
  const inputs = deviceInputs(context);
  const zero = inputs.length > 2 ? 'f32(c)' : '0.0';
  const formula = {
    label: 'quantize',
    functions: ['divide'] as const,
    wgsl: `return R(clamp(round(divide_f32(f32(a), f32(b))) + ${zero}, ${low}.0, ${high}.0));`,
  };
  context.output(0, emitElementwise(context, formula, inputs, type));
}

function lowerDequantize(context: LowerContext): void {
  const inputs = deviceInputs(context);
  const shifted = inputs.length > 2 ? 'f32(a) - f32(c)' : 'f32(a)';
  const formula = { label: 'dequantize', wgsl: `return R((${shifted}) * f32(b));` };
  context.output(0, emitElementwise(context, formula, inputs, context.outputType(0)));
}

/** QuantizeLinear and DequantizeLinear with scales for the tensor, an axis, or blocks along an axis. */
export const quantizeOperators: readonly Operator[] = [
  {
    type: 'QuantizeLinear',
    domain: '',
    since: 10,
    infer(context) {
      const zeroPoint = context.hasInput(2) ? context.type(2).dataType : undefined;
      const dataType = quantizedType(context, zeroPoint);
      checkType(context, dataType);
      return [{ dataType, shape: context.type(0).shape }];
    },
    evaluate(context) {
      const dataType = quantizedType(context, context.optional(2)?.dataType);
      return [evaluateElementwise(context, hostInputs(context), dataType, quantize(dataType))];
    },
    lower: lowerQuantize,
  },
  {
    type: 'DequantizeLinear',
    domain: '',
    since: 10,
    infer(context) {
      const { dataType, shape } = context.type(0);
      checkType(context, dataType);
      return [{ dataType: statedType(context) ?? context.type(1).dataType, shape }];
    },
    evaluate(context) {
      const dataType = statedType(context) ?? context.input(1).dataType;
      const dequantize = ([x, scale, zero = 0]: readonly number[]) => (x - zero) * scale;
      return [evaluateElementwise(context, hostInputs(context), dataType, dequantize)];
    },
    lower: lowerDequantize,
  },
];
