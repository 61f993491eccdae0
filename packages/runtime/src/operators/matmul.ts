import type { Dim } from '../graph.js';
import type { Tensor } from '../tensor.js';
import { applyActivation, readActivation } from './activation.js';
import { broadcastOperand } from './broadcast.js';
import { sumOfProductsEmission } from '../kernels/einsum.js';
import { broadcastDims, broadcastStrides, isInteger, showDims } from './helpers.js';
import { lowerMatrixProduct, type ConstantMatrix } from './matrix-product.js';
import { denseStrides } from '../program/layout.js';
import { vectorAsF32 } from './plan-emission.js';
import { forEachIndex } from './host-index.js';
import { fromWrappedNumbers, toNumbers } from './numbers.js';
import type {
  EvaluateContext,
  InferContext,
  InferResult,
  LowerContext,
  NodeContext,
  Operand,
  Operator,
} from './types.js';

/** Shapes of a product under numpy's rules: vectors become matrices, and what they gain is dropped from the result. */
interface ProductShapes {
  readonly a: readonly Dim[];
  readonly b: readonly Dim[];
  /** [batch..., m, n]. */
  readonly matrix: readonly Dim[];
  /** As the node has it. */
  readonly output: readonly Dim[];
}

function productShapes(context: NodeContext, aShape: readonly Dim[], bShape: readonly Dim[]): ProductShapes {
  if (aShape.length === 0 || bShape.length === 0) context.fail('A and B must have rank 1 or more');
  const a = aShape.length === 1 ? [1, aShape[0]] : aShape;
  const b = bShape.length === 1 ? [bShape[0], 1] : bShape;
  const [k, bk] = [a[a.length - 1], b[b.length - 2]];
  if (typeof k === 'number' && typeof bk === 'number' && k !== bk) {
    context.fail(
      `A [${aShape.join(', ')}] has ${k} columns and B [${bShape.join(', ')}] has ${bk} rows; they must be equal`,
    );
  }
  const batch =
    broadcastDims(a.slice(0, -2), b.slice(0, -2), () => '?') ??
    context.fail(`the batch dimensions of A ${showDims(aShape)} and B ${showDims(bShape)} do not broadcast`);
  const [m, n] = [a[a.length - 2], b[b.length - 1]];
  const output = [...batch, ...(aShape.length === 1 ? [] : [m]), ...(bShape.length === 1 ? [] : [n])];
  return { a, b, matrix: [...batch, m, n], output };
}

function infer(context: InferContext): readonly InferResult[] {
  const [a, b] = [context.type(0), context.type(1)];
  if (!a.shape || !b.shape) return [{ dataType: a.dataType }];
  return [{ dataType: a.dataType, shape: productShapes(context, a.shape, b.shape).output }];
}

function evaluate(context: EvaluateContext): readonly Tensor[] {
  const [a, b] = [context.input(0), context.input(1)];
  const shapes = productShapes(context, a.dims, b.dims);
  const dims = shapes.matrix as readonly number[];
  const operand = (shape: readonly Dim[]) => {
    const sizes = shape as readonly number[];
    return { sizes, strides: denseStrides(sizes, 'row-major') };
  };
  const [aView, bView] = [operand(shapes.a), operand(shapes.b)];
  const [aValues, bValues] = [toNumbers(a), toNumbers(b)];
  const batch = dims.slice(0, -2);
  const aBatch = broadcastStrides(aView.sizes.slice(0, -2), aView.strides.slice(0, -2), batch);
  const bBatch = broadcastStrides(bView.sizes.slice(0, -2), bView.strides.slice(0, -2), batch);
  const k = aView.sizes[aView.sizes.length - 1];
  const n = dims[dims.length - 1];
  const [bias, residual] = [2, 3].map((i) => (context.hasInput(i) ? toNumbers(context.input(i)) : undefined));
  const activation = readActivation(context);
  const y = new Float64Array(dims.reduce((total, size) => total * size, 1));
  forEachIndex(dims, (index, flat) => {
    let [aAt, bAt] = [index[index.length - 2] * k, index[index.length - 1]];
    batch.forEach((_, axis) => {
      aAt += index[axis] * aBatch[axis];
      bAt += index[axis] * bBatch[axis];
    });
    let sum = (bias?.[bias.length === 1 ? 0 : flat % n] ?? 0) + (residual?.[flat] ?? 0);
    for (let i = 0; i < k; i++) sum += aValues[aAt + i] * bValues[bAt + i * n];
    y[flat] = applyActivation(activation, sum);
  });
  return [fromWrappedNumbers(a.dataType, shapes.output as readonly number[], y)];
}

function reshaped(operand: Operand, shape: readonly number[], strides: readonly number[]): Operand {
  return { ...operand, shape, strides };
}

/** A vector as a matrix of one row (A) or one column (B). */
function asMatrix(operand: Operand, isLeft: boolean): Operand {
  if (operand.shape.length > 1) return operand;
  const [size, stride] = [operand.shape[0], operand.strides[0]];
  return isLeft ? reshaped(operand, [1, size], [0, stride]) : reshaped(operand, [size, 1], [stride, 0]);
}

function constantMatrix(context: LowerContext): ConstantMatrix | undefined {
  if (!context.isConstant(1)) return undefined;
  const { shape } = context.type(1);
  if (shape.slice(0, -2).some((size) => size !== 1)) return undefined;
  return shape.length === 1
    ? { input: 1, k: shape[0], n: 1 }
    : { input: 1, k: shape[shape.length - 2], n: shape[shape.length - 1] };
}

/** A product of integers, with sums of their own type. */
function lowerIntegers(context: LowerContext, a: Operand, b: Operand, y: Operand): void {
  const rank = y.shape.length;
  const [batch, k] = [rank - 2, a.shape[rank - 1]];
  const kept = [
    [...a.strides.slice(0, batch + 1), 0],
    [...b.strides.slice(0, batch), 0, b.strides[rank - 1]],
  ];
  const summed = [[a.strides[rank - 1]], [b.strides[rank - 2]]];
  const [elements, terms] = [
    { sizes: y.shape, inputs: kept },
    { sizes: [k], inputs: summed },
  ];
  context.emit(sumOfProductsEmission([a, b], y, elements, terms, context.profile));
}

function lower(context: LowerContext): void {
  const shapes = productShapes(context, context.type(0).shape, context.type(1).shape);
  const matrix = shapes.matrix as readonly number[];
  const [m, n] = matrix.slice(-2);
  const batch = matrix.slice(0, -2);
  const k = shapes.a[shapes.a.length - 1] as number;
  const y = context.allocateResult(0);
  const asResult = (operand: Operand): Operand => {
    const { strides, shape } = operand;
    const hasRow = context.type(0).shape.length > 1;
    const hasColumn = context.type(1).shape.length > 1;
    const kept = strides.slice(0, batch.length);
    const tail = strides.slice(batch.length);
    const row = hasRow ? tail[0] : 0;
    const column = hasColumn ? tail[tail.length - 1] : 0;
    return shape.length === matrix.length ? operand : reshaped(operand, matrix, [...kept, row, column]);
  };
  const a = broadcastOperand(asMatrix(context.input(0), true), [...batch, m, k]);
  const right = () => broadcastOperand(asMatrix(context.input(1), false), [...batch, k, n]);
  if (isInteger(y.dataType)) {
    lowerIntegers(context, a, right(), asResult(y));
    return context.output(0, y);
  }
  lowerMatrixProduct(context, {
    a,
    b: constantMatrix(context) ?? right(),
    y: asResult(y),
    bias: context.hasInput(2) ? vectorAsF32(context, 2, n) : undefined,
    residual: context.hasInput(3) ? asResult(context.input(3)) : undefined,
    activation: readActivation(context),
  });
  context.output(0, y);
}

/**
 * MatMul, and FusedMatMul of domain 'tessera': inputs A, B, a bias [n] and a residual of the output's shape, both
 * optional; attributes `activation` and `activation_params`.
 */
export const matMulOperators: readonly Operator[] = [
  { type: 'MatMul', domain: '', since: 1, infer, evaluate, lower },
  { type: 'FusedMatMul', domain: 'tessera', since: 1, infer, evaluate, lower },
];
