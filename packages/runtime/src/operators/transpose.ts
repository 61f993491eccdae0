import type { Dim } from '../graph.js';
import { isInteger, normalizeAxes } from './helpers.js';
import type { NodeContext, Operator } from './types.js';
import { viewOperator } from './views.js';

function permutation(context: NodeContext, rank: number): readonly number[] {
  const { attributes } = context;
  if (!attributes.has('perm')) return Array.from({ length: rank }, (_, i) => rank - 1 - i);
  const perm = normalizeAxes(context, attributes.ints('perm'), rank);
  if (perm.length !== rank)
    context.fail(`perm [${perm.join(', ')}] has ${perm.length} axes; the input has rank ${rank}`);
  return perm;
}

/** Transpose is a view: strides change their places. */
export const transposeOperators: readonly Operator[] = [
  viewOperator(
    'Transpose',
    1,
    (context) => {
      const { dataType, shape } = context.type(0);
      if (!shape) return [{ dataType }];
      const perm = permutation(context, shape.length);
      const dims: readonly Dim[] | undefined = shape.length <= 1 && isInteger(dataType) ? context.dims(0) : undefined;
      return [{ dataType, shape: perm.map((axis) => shape[axis]), dims }];
    },
    (context, { shape, strides, offset }) => {
      const perm = permutation(context, shape.length);
      return [{ shape: perm.map((axis) => shape[axis]), strides: perm.map((axis) => strides[axis]), offset }];
    },
  ),
];
