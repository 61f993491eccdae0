import { scaledCopyEmission } from '../kernels/scaled-copy.js';
import type { Dim } from '../graph.js';
import { denseStrides } from '../program/layout.js';
import type { Tensor } from '../tensor.js';
import { applyActivation, readActivation } from './activation.js';
import { broadcastOperand } from './broadcast.js';
import { broadcastStrides } from './helpers.js';
import { lowerMatrixProduct, type ConstantMatrix, type MatrixProduct } from './matrix-product.js';
import { vectorAsF32 } from './plan-emission.js';
import { forEachIndex } from './host-index.js';
import { fromNumbers, toNumbers } from './numbers.js';
import type {
  EvaluateContext,
  InferContext,
  InferResult,
  LowerContext,
  NodeContext,
  Operand,
  Operator,
} from './types.js';

interface GemmAttributes {
  readonly alpha: number;
  readonly beta: number;
  readonly transA: boolean;
  readonly transB: boolean;
}

function readGemm({ attributes }: NodeContext): GemmAttributes {
  return {
    alpha: attributes.float('alpha', 1),
    beta: attributes.float('beta', 1),
    transA: attributes.int('transA', 0) !== 0,
    transB: attributes.int('transB', 0) !== 0,
  };
}

function swapped<T>(pair: readonly T[], isSwapped: boolean): readonly T[] {
  return isSwapped ? [pair[1], pair[0]] : pair;
}

function infer(context: InferContext): readonly InferResult[] {
  const { transA, transB } = readGemm(context);
  const [a, b] = [context.type(0), context.type(1)];
  if (!a.shape || !b.shape) return [{ dataType: a.dataType }];
  if (a.shape.length !== 2 || b.shape.length !== 2) {
    context.fail(`A has rank ${a.shape.length} and B rank ${b.shape.length}; both must be 2`);
  }
  const [m, k]: readonly Dim[] = swapped(a.shape, transA);
  const [bk, n]: readonly Dim[] = swapped(b.shape, transB);
  if (typeof k === 'number' && typeof bk === 'number' && k !== bk) {
    context.fail(`A has ${k} columns and B ${bk} rows (after transA and transB); they must be equal`);
  }
  return [{ dataType: a.dataType, shape: [m, n] }];
}

function evaluate(context: EvaluateContext): readonly Tensor[] {
  const { alpha, beta, transA, transB } = readGemm(context);
  const [a, b] = [context.input(0), context.input(1)];
  const [m, k] = swapped(a.dims, transA);
  const [, n] = swapped(b.dims, transB);
  const [aRow, aColumn] = swapped(denseStrides(a.dims, 'row-major'), transA);
  const [bRow, bColumn] = swapped(denseStrides(b.dims, 'row-major'), transB);
  const [aValues, bValues] = [toNumbers(a), toNumbers(b)];
  const c = context.hasInput(2) ? context.input(2) : undefined;
  const cValues = c && toNumbers(c);
  const cStrides = c ? broadcastStrides(c.dims, denseStrides(c.dims, 'row-major'), [m, n]) : [0, 0];
  const activation = readActivation(context);
  const y = new Float64Array(m * n);
  forEachIndex([m, n], ([i, j], flat) => {
    let sum = 0;
    for (let t = 0; t < k; t++) sum += aValues[i * aRow + t * aColumn] * bValues[t * bRow + j * bColumn];
    y[flat] = applyActivation(activation, alpha * sum + beta * (cValues?.[i * cStrides[0] + j * cStrides[1]] ?? 0));
  });
  return [fromNumbers(a.dataType, [m, n], y)];
}

function transposed(operand: Operand, isTransposed: boolean): Operand {
  return { ...operand, shape: swapped(operand.shape, isTransposed), strides: swapped(operand.strides, isTransposed) };
}

/** factor * operand as a dense tensor of its own; the operand itself where the factor is 1. */
function scaled(context: LowerContext, input: number, factor: number): Operand {
  const operand = context.input(input);
  if (factor === 1) return operand;
  const copy = context.allocate(context.type(input));
  context.emit(scaledCopyEmission(operand, copy, factor, context.profile));
  return copy;
}

function constantMatrix(context: LowerContext, { alpha, transB }: GemmAttributes): ConstantMatrix {
  const [k, n] = swapped(context.type(1).shape, transB);
  return { input: 1, k, n, isTransposed: transB, factor: alpha };
}

/** C as a bias where it is a row, else as a residual broadcast by strides. */
function addend(context: LowerContext, beta: number, m: number, n: number): Pick<MatrixProduct, 'bias' | 'residual'> {
  if (!context.hasInput(2) || beta === 0) return {};
  const { shape } = context.type(2);
  const count = shape.reduce((total, size) => total * size, 1);
  const isRow = count === n && (shape.length === 1 || shape[shape.length - 1] === n);
  const isRepeated = count === 1 && context.isConstant(2);
  if (isRow || isRepeated) return { bias: vectorAsF32(context, 2, n, beta) };
  return { residual: broadcastOperand(scaled(context, 2, beta), [m, n]) };
}

function lower(context: LowerContext): void {
  const gemm = readGemm(context);
  const isConstantB = context.isConstant(1);
  const a = transposed(scaled(context, 0, isConstantB ? 1 : gemm.alpha), gemm.transA);
  const b = isConstantB ? constantMatrix(context, gemm) : transposed(context.input(1), gemm.transB);
  const y = context.allocateResult(0);
  const activation = readActivation(context);
  lowerMatrixProduct(context, { a, b, y, ...addend(context, gemm.beta, y.shape[0], y.shape[1]), activation });
  context.output(0, y);
}

/** Gemm: alpha * A' x B' + beta * C; FusedGemm of domain 'tessera' with an activation after it. */
export const gemmOperators: readonly Operator[] = [
  { type: 'Gemm', domain: '', since: 1, infer, evaluate, lower },
  { type: 'FusedGemm', domain: 'tessera', since: 1, infer, evaluate, lower },
];
