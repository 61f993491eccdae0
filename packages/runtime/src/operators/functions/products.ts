import type { ExpandContext, FunctionOperator } from '../types.js';
import { withActivation } from './activations.js';
import { call, ints, scalarLike, shapeOf } from './build.js';
import { convAttributes, passedAttributes } from './integer.js';

function transposed(context: ExpandContext, value: string, perm: readonly number[]): string {
  return call(context, 'Transpose', [value], { perm: ints(perm) });
}

/**
 * An operand of FusedMatMul. transBatch moves the first dimension behind the other batch dimensions: [M, b1, b2, ..., K]
 * is taken as [b1, b2, ..., M, K]; trans exchanges the last two.
 */
function productOperand(context: ExpandContext, index: number, name: 'A' | 'B'): string {
  const value = context.inputName(index);
  const rank = shapeOf(context, value, name).length;
  if (rank < 2) return value;
  const axes = Array.from({ length: rank }, (_, i) => i);
  const isBatchMoved = context.attributes.int(`transBatch${name}`, 0) !== 0 && rank > 2;
  const order = isBatchMoved ? [...axes.slice(1, -1), 0, rank - 1] : axes;
  const isTransposed = context.attributes.int(`trans${name}`, 0) !== 0;
  const perm = isTransposed ? [...order.slice(0, -2), order[rank - 1], order[rank - 2]] : order;
  return perm.every((axis, i) => axis === i) ? value : transposed(context, value, perm);
}

function fusedMatMul(context: ExpandContext): void {
  const product = call(context, 'MatMul', [productOperand(context, 0, 'A'), productOperand(context, 1, 'B')]);
  const alpha = context.attributes.float('alpha', 1);
  context.result(0, alpha === 1 ? product : call(context, 'Mul', [product, scalarLike(context, product, alpha)]));
}

function fusedGemm(context: ExpandContext): void {
  const attributes = passedAttributes(context, ['alpha', 'beta', 'transA', 'transB']);
  const inputs = [0, 1, 2].map((i) => context.inputName(i)).filter((name) => name !== '');
  context.result(0, withActivation(context, call(context, 'Gemm', inputs, attributes)));
}

/** Conv, the addition of input 3 and an activation; `isLast` where X, the addend and Y have their channels last. */
function conv(context: ExpandContext, isLast: boolean): void {
  const rank = shapeOf(context, context.inputName(0), 'X').length;
  const spatial = Array.from({ length: rank - 2 }, (_, i) => i + 1);
  const first = (value: string) => (isLast ? transposed(context, value, [0, rank - 1, ...spatial]) : value);
  const inputs = [first(context.inputName(0)), context.inputName(1), context.inputName(2)];
  if (inputs[2] === '') inputs.pop();
  const product = call(context, 'Conv', inputs, passedAttributes(context, convAttributes));
  const sum = context.hasInput(3) ? call(context, 'Add', [product, first(context.inputName(3))]) : product;
  const y = withActivation(context, sum);
  context.result(0, isLast ? transposed(context, y, [0, ...spatial.map((axis) => axis + 1), 1]) : y);
}

/** TransposeMatMul is FusedMatMul under its older name. */
export const productFunctions: readonly FunctionOperator[] = [
  { type: 'FusedMatMul', domain: 'com.microsoft', since: 1, expand: fusedMatMul },
  { type: 'TransposeMatMul', domain: 'com.microsoft', since: 1, expand: fusedMatMul },
  { type: 'FusedGemm', domain: 'com.microsoft', since: 1, expand: fusedGemm },
  { type: 'FusedConv', domain: 'com.microsoft', since: 1, expand: (context) => conv(context, false) },
  { type: 'NhwcConv', domain: 'com.microsoft', since: 1, expand: (context) => conv(context, true) },
  { type: 'NhwcFusedConv', domain: 'com.microsoft', since: 1, expand: (context) => conv(context, true) },
];
