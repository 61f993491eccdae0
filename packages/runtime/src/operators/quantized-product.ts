import {
  planInt8Conv,
  planInt8Gemm,
  spatialConv,
  type Int8Arithmetic,
  type Int8Type,
  type MatrixLayout,
  type Plan,
} from '@tessera/conv-kernels';
import { denseStrides } from '../program/layout.js';
import type { Tensor } from '../tensor.js';
import { applyActivation, readActivation } from './activation.js';
import { evaluateConv } from './conv-evaluate.js';
import { convWindow, inferConv } from './conv-infer.js';
import { convGeometry } from './conv-lower.js';
import { product } from './host-index.js';
import { fromNumbers, toNumbers } from './numbers.js';
import { emitPlan, planned } from './plan-emission.js';
import type { EvaluateContext, InferContext, InferResult, LowerContext, Operand, Operator } from './types.js';
import { roundHalfEven } from './unary.js';

/*
 * QuantizedConv and QuantizedMatMul take what QLinearConv does: 0 x, 1 its scale, 2 its zero point, 3 w, 4 its scales, 5 its
 * zero points, 6 the scale of y, 7 its zero point, 8 a bias in steps of the product of both scales. All but x are constant. Scales
 * of w are one, or one for each output channel; zero points may be absent. Without a scale y is float32. An activation comes
 * before y is quantized.
 */
const at = { x: 0, xScale: 1, xZero: 2, w: 3, wScale: 4, wZero: 5, yScale: 6, yZero: 7, bias: 8 } as const;

function outputType(context: InferContext): InferResult['dataType'] {
  if (!context.hasInput(at.yScale)) return 'float32';
  return context.hasInput(at.yZero) ? context.type(at.yZero).dataType : 'uint8';
}

function constantNumber(context: LowerContext, index: number, fallback: number): number {
  const tensor = context.constant(index);
  return tensor ? toNumbers(tensor)[0] : fallback;
}

/** The arithmetic that the inputs describe, but for `constantWeights`. */
function arithmetic(context: LowerContext): Int8Arithmetic {
  const wScales = product(context.type(at.wScale).shape);
  const activation = readActivation(context);
  const wZero = context.constant(at.wZero);
  const zeros = wZero ? toNumbers(wZero) : [0];
  const channelZeros = zeros.length > 1 ? 'channel' : 'tensor';
  const type = context.outputType(0).dataType;
  return {
    inputType: context.type(at.x).dataType as Int8Type,
    inputStorage: 'words',
    inputZero: constantNumber(context, at.xZero, 0),
    weightType: context.type(at.w).dataType as Int8Type,
    weightZero: zeros.every((zero) => zero === 0) ? 'none' : channelZeros,
    constantWeights: true,
    bias: context.hasInput(at.bias),
    scale: wScales > 1 ? 'channel' : 'tensor',
    result: context.hasInput(at.yScale)
      ? {
          type: type as Int8Type,
          storage: 'words',
          zero: constantNumber(context, at.yZero, 0),
          divisor: constantNumber(context, at.yScale, 1),
          activation,
        }
      : { type: 'f32', activation },
  };
}

/** Emits the plan with the constants it asks for. */
function emitInt8(context: LowerContext, plan: Plan, input: Operand, output: Operand): void {
  const { packing } = plan;
  const xScale = constantNumber(context, at.xScale, 1);
  const scales = product(context.type(at.wScale).shape);
  const scale = context.weight({
    input: at.wScale,
    elementType: 'f32',
    dims: [scales],
    byteLength: 4 * scales,
    key: `scales x${xScale}`,
    pack: (values) => values.map((value) => Math.fround(value * xScale)),
  });
  const weights = packing
    ? context.weight({
        input: at.w,
        elementType: 'u32',
        dims: [packing.byteLength / 4],
        byteLength: packing.byteLength,
        key: packing.key,
        pack: (values) => packing.pack(values),
      })
    : context.input(at.w);
  const weightZero = context.hasInput(at.wZero) ? context.input(at.wZero) : undefined;
  const bias = context.hasInput(at.bias) ? context.input(at.bias) : undefined;
  emitPlan(context, plan, { input, weights, scale, weightZero, bias, output });
}

function lowerConv(context: LowerContext): void {
  const x = context.input(at.x);
  const y = context.allocate(context.outputType(0), 'channels-last');
  if (x.shape[0] === 0) return context.output(0, y);
  const window = convWindow(context, x.shape, context.type(at.w).shape);
  const plan = planned(context, () => {
    const conv = spatialConv({
      ...convGeometry(context, x, y, window),
      elementType: 'f32',
      epilogue: { bias: context.hasInput(at.bias) },
    });
    return planInt8Conv({ ...conv, ...arithmetic(context) }, context.profile);
  });
  emitInt8(context, plan, x, y);
  context.output(0, y);
}

/** W [k, n], or [n, k] where it is transposed. */
function matrixSizes(shape: readonly number[], transB: boolean): readonly [number, number] {
  return transB ? [shape[1], shape[0]] : [shape[0], shape[1]];
}

function lowerMatMul(context: LowerContext): void {
  const x = context.withLayout(context.input(at.x), 'row-major');
  const y = context.allocate(context.outputType(0));
  const transB = context.attributes.int('transB', 0) !== 0;
  const shape = context.type(at.w).shape;
  const [k, n] = matrixSizes(shape, transB);
  const rows = product(x.shape.slice(0, -1));
  if (rows * n === 0) return context.output(0, y);
  const dense = (columns: number): MatrixLayout => ({ offset: 0, batchStride: 0, rowStride: columns, columnStride: 1 });
  const [outer, inner] = denseStrides(shape, 'row-major');
  const [rowStride, columnStride] = transB ? [inner, outer] : [outer, inner];
  const problem = {
    ...arithmetic(context),
    batch: 1,
    m: rows,
    n,
    k,
    a: dense(k),
    b: { offset: 0, batchStride: 0, rowStride, columnStride },
    c: dense(n),
  };
  emitInt8(
    context,
    planned(context, () => planInt8Gemm(problem, context.profile)),
    x,
    y,
  );
  context.output(0, y);
}

/** The numbers of a quantized input; `axis` is that of scales and zero points for each position. */
function numbersOf(context: EvaluateContext, value: number, axis: number): Tensor {
  const tensor = context.input(value);
  const scales = toNumbers(context.input(value + 1));
  const zeros = context.hasInput(value + 2) ? toNumbers(context.input(value + 2)) : Float64Array.of(0);
  const inner = product(tensor.dims.slice(axis + 1));
  const pick = (list: Float64Array, i: number) =>
    list[list.length === 1 ? 0 : Math.floor(i / inner) % tensor.dims[axis]];
  const numbers = toNumbers(tensor).map((level, i) => (level - pick(zeros, i)) * pick(scales, i));
  return fromNumbers('float64', tensor.dims, numbers);
}

/** Sums with the bias, activated and quantized as the inputs say; `channelOf` is the output channel of an element. */
function finished(
  context: EvaluateContext,
  dims: readonly number[],
  sums: Float64Array,
  channelOf: (flat: number) => number,
): readonly Tensor[] {
  const xScale = toNumbers(context.input(at.xScale))[0];
  const wScales = toNumbers(context.input(at.wScale));
  const bias = context.hasInput(at.bias) ? toNumbers(context.input(at.bias)) : undefined;
  const activation = readActivation(context);
  const values = sums.map((sum, i) => {
    const channel = channelOf(i);
    const step = xScale * wScales[wScales.length === 1 ? 0 : channel];
    return applyActivation(activation, sum + (bias?.[channel] ?? 0) * step);
  });
  if (!context.hasInput(at.yScale)) return [fromNumbers('float32', dims, values)];
  const scale = toNumbers(context.input(at.yScale))[0];
  const zeroPoint = context.optional(at.yZero);
  const zero = zeroPoint ? toNumbers(zeroPoint)[0] : 0;
  const levels = values.map((value) => roundHalfEven(Math.fround(value / scale)) + zero);
  return [fromNumbers(zeroPoint?.dataType ?? 'uint8', dims, levels)];
}

function evaluateQuantizedConv(context: EvaluateContext): readonly Tensor[] {
  const inputs = [numbersOf(context, at.x, 1), numbersOf(context, at.w, 0)];
  const [sums] = evaluateConv({
    ...context,
    attributes: { ...context.attributes, has: (name) => name !== 'activation' && context.attributes.has(name) },
    hasInput: (index) => index < 2,
    input: (index) => inputs[index],
  });
  const positions = product(sums.dims.slice(2));
  return finished(context, sums.dims, toNumbers(sums), (i) => Math.floor(i / positions) % sums.dims[1]);
}

function evaluateQuantizedMatMul(context: EvaluateContext): readonly Tensor[] {
  const transB = context.attributes.int('transB', 0) !== 0;
  const [x, w] = [numbersOf(context, at.x, 1), numbersOf(context, at.w, transB ? 0 : 1)];
  const [k, n] = matrixSizes(w.dims, transB);
  const [a, b] = [toNumbers(x), toNumbers(w)];
  const dims = [...x.dims.slice(0, -1), n];
  const sums = new Float64Array(product(dims)).map((_, i) => {
    const [row, column] = [Math.floor(i / n), i % n];
    let sum = 0;
    for (let e = 0; e < k; e++) sum += a[row * k + e] * b[transB ? column * k + e : e * n + column];
    return sum;
  });
  return finished(context, dims, sums, (i) => i % n);
}

function inferQuantizedConv(context: InferContext): readonly InferResult[] {
  const [{ shape }] = inferConv({ ...context, type: (index) => context.type(index === 1 ? at.w : index) });
  return [{ dataType: outputType(context), shape }];
}

function inferQuantizedMatMul(context: InferContext): readonly InferResult[] {
  const [x, w] = [context.type(at.x).shape, context.type(at.w).shape];
  const columns = w && w[context.attributes.int('transB', 0) !== 0 ? 0 : 1];
  return [
    { dataType: outputType(context), shape: x && columns !== undefined ? [...x.slice(0, -1), columns] : undefined },
  ];
}

/** Convolutions and matrix products of 8-bit integers with exact sums; a pass makes them. */
export const quantizedProductOperators: readonly Operator[] = [
  {
    type: 'QuantizedConv',
    domain: 'tessera',
    since: 1,
    infer: inferQuantizedConv,
    evaluate: evaluateQuantizedConv,
    lower: lowerConv,
  },
  {
    type: 'QuantizedMatMul',
    domain: 'tessera',
    since: 1,
    infer: inferQuantizedMatMul,
    evaluate: evaluateQuantizedMatMul,
    lower: lowerMatMul,
  },
];
