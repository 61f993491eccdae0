import { softmaxEmission, type SoftmaxKind } from '../kernels/softmax.js';
import type { Tensor } from '../tensor.js';
import { normalizeAxis } from './helpers.js';
import { forEachRow, rowPositions } from './host-index.js';
import { fromNumbers, toNumbers } from './numbers.js';
import type { EvaluateContext, InferContext, InferResult, LowerContext, NodeContext, Operator } from './types.js';

/** From opset 13 on one axis (the last by default); before, all dimensions from `axis` (1 by default) on as one. */
function softmaxAxes(context: NodeContext, rank: number): number[] {
  if (context.opset >= 13) return rank === 0 ? [] : [normalizeAxis(context, context.attributes.int('axis', -1), rank)];
  const axis = context.attributes.int('axis', 1);
  const first = axis === rank ? rank : normalizeAxis(context, axis, rank);
  return Array.from({ length: rank - first }, (_, i) => first + i);
}

function infer(context: InferContext): readonly InferResult[] {
  const { dataType, shape } = context.type(0);
  if (shape) softmaxAxes(context, shape.length);
  return [{ dataType, shape }];
}

function rowResults(kind: SoftmaxKind, row: Float64Array): Float64Array {
  const largest = row.reduce((a, x) => Math.max(a, x), -Infinity);
  const total = row.reduce((a, x) => a + Math.exp(x - largest), 0);
  switch (kind) {
    case 'softmax':
      return row.map((x) => Math.exp(x - largest) / total);
    case 'log-softmax':
      return row.map((x) => x - largest - Math.log(total));
    case 'hardmax':
      return row.map((_, i) => (i === row.indexOf(largest) ? 1 : 0));
  }
}

function evaluate(context: EvaluateContext, kind: SoftmaxKind): readonly Tensor[] {
  const x = context.input(0);
  const values = toNumbers(x);
  const positions = rowPositions(x.dims, softmaxAxes(context, x.dims.length));
  const y = new Float64Array(values.length);
  forEachRow(values, positions, (row, index) => {
    rowResults(kind, row).forEach((result, i) => (y[positions.rows[index] + positions.elements[i]] = result));
  });
  return [fromNumbers(x.dataType, x.dims, y)];
}

function lower(context: LowerContext, kind: SoftmaxKind): void {
  const x = context.input(0);
  const y = context.allocate(context.outputType(0), context.layoutOf(x) ?? 'row-major');
  context.emit(softmaxEmission(kind, x, y, softmaxAxes(context, x.shape.length), context.profile));
  context.output(0, y);
}

function softmaxOperator(type: string, kind: SoftmaxKind): Operator {
  return {
    type,
    domain: '',
    since: 1,
    infer,
    evaluate: (context) => evaluate(context, kind),
    lower: (context) => lower(context, kind),
  };
}

export const softmaxOperators: readonly Operator[] = [
  softmaxOperator('Softmax', 'softmax'),
  softmaxOperator('LogSoftmax', 'log-softmax'),
  softmaxOperator('Hardmax', 'hardmax'),
];
