import { reductionOf } from '../kernels/reductions.js';
import { accumulatorType } from '../kernels/storage-types.js';
import type { Tensor } from '../tensor.js';
import { lowerReduction } from './reduce.js';
import { normalizeAxis } from './helpers.js';
import { forEachRow, rowPositions } from './host-index.js';
import { fromNumbers, toNumbers } from './numbers.js';
import type { EvaluateContext, InferContext, InferResult, LowerContext, NodeContext, Operator } from './types.js';

function readArg(context: NodeContext, rank: number) {
  const { attributes } = context;
  return {
    axis: normalizeAxis(context, attributes.int('axis', 0), rank),
    keepDims: attributes.int('keepdims', 1) !== 0,
    selectLast: attributes.int('select_last_index', 0) !== 0,
  };
}

function infer(context: InferContext): readonly InferResult[] {
  const { shape } = context.type(0);
  if (!shape) return [{ dataType: 'int64' }];
  const { axis, keepDims } = readArg(context, shape.length);
  return [
    {
      dataType: 'int64',
      shape: shape.flatMap((size, i) => (i === axis ? (keepDims ? [1] : []) : [size])),
    },
  ];
}

function evaluate(context: EvaluateContext, isMax: boolean): readonly Tensor[] {
  const x = context.input(0);
  const { axis, keepDims, selectLast } = readArg(context, x.dims.length);
  const dims = x.dims.flatMap((size, i) => (i === axis ? (keepDims ? [1] : []) : [size]));
  const y = new Float64Array(dims.reduce((total, size) => total * size, 1));
  forEachRow(toNumbers(x), rowPositions(x.dims, [axis]), (row, index) => {
    let best = 0;
    row.forEach((value, i) => {
      const difference = (value - row[best]) * (isMax ? 1 : -1);
      if (difference > 0 || (difference === 0 && selectLast)) best = i;
    });
    y[index] = best;
  });
  return [fromNumbers('int64', dims, y)];
}

function lower(context: LowerContext, isMax: boolean): void {
  const { elementType, shape } = context.input(0);
  const { axis, selectLast } = readArg(context, shape.length);
  const reduction = reductionOf(isMax ? 'arg-max' : 'arg-min', accumulatorType(elementType), selectLast);
  lowerReduction(context, [axis], reduction);
}

function argOperator(type: string, isMax: boolean): Operator {
  return {
    type,
    domain: '',
    since: 1,
    infer,
    evaluate: (context) => evaluate(context, isMax),
    lower: (context) => lower(context, isMax),
  };
}

export const argOperators: readonly Operator[] = [argOperator('ArgMax', true), argOperator('ArgMin', false)];
