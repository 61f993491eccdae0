import type { TypedNode } from '../graph.js';
import { makeAttributes } from '../operators/helpers.js';

type Shapes = (value: string) => readonly number[] | undefined;
type Rule = (node: TypedNode, shapeOf: Shapes) => number;

class UnknownShape extends Error {}

const product = (sizes: readonly number[]) => sizes.reduce((total, size) => total * size, 1);

function shape(node: TypedNode, shapeOf: Shapes, kind: 'inputs' | 'outputs', index: number): readonly number[] {
  const found = shapeOf(node[kind][index] ?? '');
  if (!found) throw new UnknownShape();
  return found;
}

/** Output elements times the taps and channels that each one sums; `weights` is the input that holds W. */
const convolution =
  (weights: number): Rule =>
  (node, shapeOf) =>
    product(shape(node, shapeOf, 'outputs', 0)) * product(shape(node, shapeOf, 'inputs', weights).slice(1));

/** Every input element meets all taps and output channels of its group. */
const transposedConvolution: Rule = (node, shapeOf) =>
  product(shape(node, shapeOf, 'inputs', 0)) * product(shape(node, shapeOf, 'inputs', 1).slice(1));

/** Output elements times the length of the sum, the last axis of A (or the first, where Gemm transposes it). */
const matrixProduct: Rule = (node, shapeOf) => {
  const a = shape(node, shapeOf, 'inputs', 0);
  const transposed =
    node.opType === 'Gemm' && makeAttributes(node.name, 'Gemm', node.attributes).int('transA', 0) !== 0;
  return product(shape(node, shapeOf, 'outputs', 0)) * (transposed ? a[0] : (a.at(-1) ?? 1));
};

/** As many as there are index combinations, where at least two operands are multiplied. */
const einsum: Rule = (node, shapeOf) => {
  if (node.inputs.length < 2) return 0;
  const equation = makeAttributes(node.name, node.opType, node.attributes).string('equation').replace(/\s/g, '');
  const sizes = new Map<string, number>();
  equation
    .split('->')[0]
    .split(',')
    .forEach((labels, i) => {
      const dims = shape(node, shapeOf, 'inputs', i);
      const [before, after] = labels.split('...');
      const broadcast = dims.length - before.length - (after?.length ?? 0);
      [...before].forEach((label, axis) => sizes.set(label, dims[axis]));
      [...(after ?? '')].forEach((label, axis) => sizes.set(label, dims[before.length + broadcast + axis]));
      for (let axis = 0; axis < broadcast; axis++) {
        sizes.set(`...${broadcast - axis}`, dims[before.length + axis]);
      }
    });
  return product([...sizes.values()]);
};

/** Of X times W and H times R, for each step, item and direction: W is [directions, gates * hidden, input], R likewise. */
const recurrence: Rule = (node, shapeOf) => {
  const [steps, batch] = shape(node, shapeOf, 'inputs', 0);
  const weights = [1, 2].map((input) => product(shape(node, shapeOf, 'inputs', input)));
  return steps * batch * (weights[0] + weights[1]);
};

/** Q times K and the softmax times V; heads lie in an axis of their own or in the last one. */
const attention: Rule = (node, shapeOf) => {
  const [q, k, v] = [0, 1, 2].map((input) => shape(node, shapeOf, 'inputs', input));
  const keys = k.at(-2)!;
  const values = v.length === 4 ? product(q.slice(0, -1)) * v.at(-1)! : q[0] * q[1] * v.at(-1)!;
  return keys * (product(q) + values);
};

const rules: Readonly<Record<string, Rule>> = {
  Conv: convolution(1),
  FusedConv: convolution(1),
  ConvInteger: convolution(1),
  QLinearConv: convolution(3),
  DeformConv: convolution(1),
  ConvTranspose: transposedConvolution,
  Gemm: matrixProduct,
  MatMul: matrixProduct,
  FusedMatMul: matrixProduct,
  MatMulInteger: matrixProduct,
  QLinearMatMul: matrixProduct,
  Einsum: einsum,
  LSTM: recurrence,
  GRU: recurrence,
  RNN: recurrence,
  Attention: attention,
};

/**
 * Multiply-adds of a node as its operator is defined, whatever algorithm computes it: those of convolutions, matrix
 * products, recurrences and attention; 0 for all others. Undefined where a shape that it needs is not known.
 */
export function multiplyAdds(node: TypedNode, shapeOf: Shapes): number | undefined {
  const rule = node.domain === '' || node.domain === 'tessera' ? rules[node.opType] : undefined;
  if (!rule) return 0;
  try {
    return rule(node, shapeOf);
  } catch (error) {
    if (error instanceof UnknownShape) return undefined;
    throw error;
  }
}
