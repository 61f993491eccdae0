import { powerSum, reductionOf, type Reduction } from '../kernels/reductions.js';
import { accumulatorType } from '../kernels/storage-types.js';
import type { Tensor } from '../tensor.js';
import { forEachRow, product, rowPositions } from './host-index.js';
import { fromNumbers, toNumbers } from './numbers.js';
import { lpExponent } from './pool.js';
import { lowerReduction } from './reduce.js';
import type { EvaluateContext, InferContext, InferResult, LowerContext, NodeContext, Operator } from './types.js';

type GlobalPoolName = 'GlobalAveragePool' | 'GlobalMaxPool' | 'GlobalLpPool';

function infer(context: InferContext): readonly InferResult[] {
  const { dataType, shape } = context.type(0);
  if (!shape) return [{ dataType }];
  if (shape.length < 2) context.fail(`X has rank ${shape.length}; it must be 2 or more`);
  return [{ dataType, shape: shape.map((size, axis) => (axis < 2 ? size : 1)) }];
}

function spatialAxes(rank: number): number[] {
  return Array.from({ length: rank - 2 }, (_, i) => i + 2);
}

function evaluate(context: EvaluateContext, name: GlobalPoolName): readonly Tensor[] {
  const x = context.input(0);
  const dims = x.dims.map((size, axis) => (axis < 2 ? size : 1));
  const p = lpExponent(context);
  const y = new Float64Array(product(dims));
  forEachRow(toNumbers(x), rowPositions(x.dims, spatialAxes(x.dims.length)), (row, index) => {
    const sum = (map: (value: number) => number) => row.reduce((total, value) => total + map(value), 0);
    if (name === 'GlobalMaxPool') y[index] = row.reduce((a, value) => Math.max(a, value), -Infinity);
    else if (name === 'GlobalAveragePool') y[index] = sum((value) => value) / row.length;
    else y[index] = sum((value) => Math.abs(value) ** p) ** (1 / p);
  });
  return [fromNumbers(x.dataType, dims, y)];
}

function reduction(context: NodeContext, name: GlobalPoolName, type: 'f32' | 'i32' | 'u32'): Reduction {
  switch (name) {
    case 'GlobalAveragePool':
      return reductionOf('mean', type);
    case 'GlobalMaxPool':
      return reductionOf('max', type);
    case 'GlobalLpPool':
      return powerSum(lpExponent(context));
  }
}

function lower(context: LowerContext, name: GlobalPoolName): void {
  const { shape, elementType } = context.input(0);
  lowerReduction(context, spatialAxes(shape.length), reduction(context, name, accumulatorType(elementType)));
}

function globalPoolOperator(name: GlobalPoolName): Operator {
  return {
    type: name,
    domain: '',
    since: 1,
    infer,
    evaluate: (context) => evaluate(context, name),
    lower: (context) => lower(context, name),
  };
}

/** Pooling over all spatial dimensions, as reductions. */
export const globalPoolOperators: readonly Operator[] = [
  globalPoolOperator('GlobalAveragePool'),
  globalPoolOperator('GlobalMaxPool'),
  globalPoolOperator('GlobalLpPool'),
];
