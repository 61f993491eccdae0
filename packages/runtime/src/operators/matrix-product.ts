import { planGemm, type ActivationFunction, type GemmProblem, type MatrixLayout } from '@tessera/conv-kernels';
import { collapseWalk } from '../kernels/walk.js';
import { copyEmission } from '../kernels/copy.js';
import { byteSize, denseStrides } from '../program/layout.js';
import { floatElementType, packedWeights, type MatrixView, type PreparedValues } from './conv-lower.js';
import { emitAveragedProduct } from './averaged-product.js';
import { gemmOptions } from '../program/choices.js';
import { emitPlan, planned } from './plan-emission.js';
import type { LowerContext, Operand } from './types.js';

/** Y = activation(A x B + bias + residual); all operands have the rank of Y and are broadcast by strides of 0. */
export interface MatrixProduct {
  /** [batch..., m, k]. */
  readonly a: Operand;
  /** [batch..., k, n]; a constant matrix of rank 2 is given by its input instead and packed. */
  readonly b: Operand | ConstantMatrix;
  /** [batch..., m, n]. */
  readonly y: Operand;
  readonly bias?: Operand;
  /** [batch..., m, n]. */
  readonly residual?: Operand;
  readonly activation?: ActivationFunction;
}

export interface ConstantMatrix {
  readonly input: number;
  readonly k: number;
  readonly n: number;
  /** Whether the tensor lies [n, k]. */
  readonly isTransposed?: boolean;
  /** What its values are multiplied by; 1 where it is absent. */
  readonly factor?: number;
}

/** Part of a constant matrix: `count` columns from `first` on. */
interface MatrixPart extends ConstantMatrix {
  readonly first: number;
  readonly count: number;
}

/** A product whose constant matrix is taken in parts. */
type PartProduct = Omit<MatrixProduct, 'b'> & { readonly b: Operand | MatrixPart };

type Strides = Readonly<Record<string, readonly number[]>>;

/** Batches beyond one stride become dispatches of their own; past this number the operands are made dense instead. */
const maxDispatches = 8;

/** A dimension may be 0: there is then nothing to do, or nothing to sum. */
export function lowerMatrixProduct(context: LowerContext, product: MatrixProduct): void {
  const { b } = product;
  if (product.y.shape.includes(0)) return;
  if (product.a.shape[product.a.shape.length - 1] === 0) return lowerPart(context, emptySums(context, product));
  if (!isConstant(b)) return lowerPart(context, { ...product, b });
  for (const part of columnParts(context, b)) {
    lowerPart(context, part.count === part.n ? { ...product, b: part } : productOfPart(context, product, part));
  }
}

/** The product over an inner dimension of 0 as one over a dimension of 1 whose elements are 0. */
function emptySums(context: LowerContext, product: MatrixProduct): PartProduct {
  const { y } = product;
  const zero = context.table('zero', floatElementType(context, product.a), new Uint32Array(1));
  const strides = y.shape.map(() => 0);
  const [rows, columns] = y.shape.slice(-2);
  const batch = y.shape.slice(0, -2);
  const operand = (shape: readonly number[]): Operand => ({ ...zero, dataType: y.dataType, shape, strides });
  return { ...product, a: operand([...batch, rows, 1]), b: operand([...batch, 1, columns]) };
}

/** Packed matrices stay this far below the largest binding, since packing pads columns to whole tiles. */
const bindingShare = 0.9;

/** All columns of a constant matrix, or as many at a time as one binding holds. */
function columnParts({ profile, floatType }: LowerContext, b: ConstantMatrix): MatrixPart[] {
  const columnBytes = b.k * byteSize(floatType);
  const most = Math.max(1, Math.floor((profile.maxStorageBinding * bindingShare) / columnBytes));
  const parts: MatrixPart[] = [];
  for (let first = 0; first < b.n; first += most) parts.push({ ...b, first, count: Math.min(most, b.n - first) });
  return parts;
}

function productOfPart(context: LowerContext, product: MatrixProduct, part: MatrixPart): PartProduct {
  const { first, count } = part;
  const window = (operand: Operand): Operand => {
    const last = operand.strides.length - 1;
    const shape = [...operand.shape.slice(0, last), count];
    return { ...operand, shape, offset: operand.offset + first * operand.strides[last] };
  };
  const { y, bias, residual } = product;
  return {
    ...product,
    b: part,
    y: window(y),
    bias: bias && denseBias(context, window(bias)),
    residual: residual && window(residual),
  };
}

/** Kernels take a bias from the start of its buffer. */
function denseBias(context: LowerContext, bias: Operand): Operand {
  const dense = { ...context.scratch(bias.shape[0] * 4), shape: bias.shape };
  context.emit(copyEmission(context.profile, bias, dense));
  return dense;
}

function lowerPart(context: LowerContext, product: PartProduct): void {
  const batches = batchWalk(product);
  const outer = batches.sizes.slice(0, -1);
  const dispatches = outer.reduce((total, size) => total * size, 1);
  if (dispatches > maxDispatches) {
    const dense = denseProduct(context, product);
    if (dense) return lowerPart(context, dense);
  }
  for (let i = 0; i < dispatches; i++) {
    const offset = (name: string) => {
      let [rest, at] = [i, 0];
      for (let axis = outer.length - 1; axis >= 0; axis--) {
        at += (rest % outer[axis]) * (batches.strides[name]?.[axis] ?? 0);
        rest = Math.floor(rest / outer[axis]);
      }
      return at;
    };
    emitProduct(context, product, batches, offset);
  }
}

/**
 * The batch dimensions, merged where all operands allow. With a constant B, which all batches share, the rows of A are
 * merged with them, and the last dimension is then that of the rows.
 */
function batchWalk({ a, b, y, residual }: PartProduct): {
  readonly sizes: readonly number[];
  readonly strides: Strides;
} {
  const end = isConstant(b) ? -1 : -2;
  const strides: Record<string, readonly number[]> = { a: a.strides.slice(0, end), y: y.strides.slice(0, end) };
  if (!isConstant(b)) strides.b = b.strides.slice(0, end);
  if (residual) strides.residual = residual.strides.slice(0, end);
  return collapseWalk({ sizes: y.shape.slice(0, end), strides });
}

function isConstant<Matrix extends ConstantMatrix>(b: Operand | Matrix): b is Matrix {
  return 'input' in b;
}

/** The product with operands copied to dense ones where their batches do not merge; undefined where nothing is left to copy. */
function denseProduct(context: LowerContext, product: PartProduct): PartProduct | undefined {
  const densify = (operand: Operand) => {
    if (operand.strides.includes(0)) return operand;
    return context.withLayout(operand, 'row-major');
  };
  const a = densify(product.a);
  const b = isConstant(product.b) ? product.b : densify(product.b);
  return a === product.a && b === product.b ? undefined : { ...product, a, b };
}

function emitProduct(
  context: LowerContext,
  product: PartProduct,
  batches: { readonly sizes: readonly number[]; readonly strides: Strides },
  offset: (name: string) => number,
): void {
  const { a, b, y, bias, residual, activation } = product;
  const rank = y.shape.length;
  const last = batches.sizes.length - 1;
  const foldsRows = isConstant(b);
  const [k, n] = [a.shape[rank - 1], y.shape[rank - 1]];
  const layout = (name: string, operand: Operand): MatrixLayout => {
    const stride = batches.strides[name][last];
    return {
      offset: operand.offset + offset(name),
      batchStride: foldsRows ? 0 : stride,
      rowStride: foldsRows ? stride : operand.strides[rank - 2],
      columnStride: operand.strides[rank - 1],
    };
  };
  const [rowStride, columnStride] = denseStrides([k, n], 'row-major');
  const elementType = floatElementType(context, a);
  const f32Output = y.elementType === 'f32' && elementType === 'f16';
  const problem: GemmProblem = {
    batch: foldsRows ? 1 : batches.sizes[last],
    m: foldsRows ? batches.sizes[last] : y.shape[rank - 2],
    n,
    k,
    elementType,
    f32Output,
    a: layout('a', a),
    b: isConstant(b) ? { offset: 0, batchStride: 0, rowStride, columnStride } : layout('b', b),
    c: layout('y', y),
    epilogue: { bias: bias !== undefined, residual: residual && layout('residual', residual), activation },
  };
  if (isConstant(b) && !residual && problem.m > 0) {
    const { offset, ...strides } = problem.a;
    const rows = { offset, rowStride: strides.rowStride, columnStride: strides.columnStride };
    const weights = { channelStride: rowStride, columnStride, input: b.input, prepare: preparedPart(b) };
    const { m } = problem;
    const whole = { a, rows, m, k, n, output: problem.c, y, elementType, f32Output, bias, activation, weights };
    if (emitAveragedProduct(context, whole)) return;
  }
  const constantB = isConstant(b);
  context.choose({ kind: 'gemm', problem, constantB });
  const options = gemmOptions(context.algorithms, constantB);
  const plan = planned(context, () => planGemm(problem, context.profile, options));
  const weights = isConstant(b) ? packedWeights(context, plan, b.input, problem.elementType, preparedPart(b)) : b;
  emitPlan(context, plan, { input: a, weights, bias, residual, output: y });
}

/** How a part's columns come out of the whole tensor; undefined where it is the whole tensor as it is. */
function preparedPart({
  k,
  n,
  first,
  count,
  isTransposed = false,
  factor = 1,
}: MatrixPart): PreparedValues | undefined {
  if (count === n && !isTransposed && factor === 1) return undefined;
  const [rowStride, columnStride] = isTransposed ? [1, k] : [n, 1];
  const view: MatrixView = { offset: first * columnStride, rowStride, columnStride };
  return {
    key: `columns ${first}+${count} of ${n}${isTransposed ? ' transposed' : ''} x${factor}`,
    dims: [k, count],
    values: (values) => viewedValues(values, view, k, count, factor),
    view: factor === 1 ? view : undefined,
  };
}

function viewedValues(
  values: Float32Array,
  { offset, rowStride, columnStride }: MatrixView,
  rows: number,
  columns: number,
  factor: number,
): Float32Array {
  const matrix = new Float32Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    const from = offset + i * rowStride;
    for (let j = 0; j < columns; j++) matrix[i * columns + j] = factor * values[from + j * columnStride];
  }
  return matrix;
}
