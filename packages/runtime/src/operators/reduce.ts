import type { Dim } from '../graph.js';
import { reduceEmissions } from '../kernels/reduce.js';
import { reductionOf, type Reduction, type ReductionName } from '../kernels/reductions.js';
import { accumulatorType } from '../kernels/storage-types.js';
import type { Tensor } from '../tensor.js';
import { normalizeAxes } from './helpers.js';
import { forEachRow, rowPositions } from './host-index.js';
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

type ReduceName = Exclude<ReductionName, 'power-sum' | 'arg-max' | 'arg-min'>;

/** Folds of one row, for evaluation. */
const evaluations: Readonly<Record<ReduceName, (row: Float64Array) => number>> = {
  sum: (row) => row.reduce((a, x) => a + x, 0),
  mean: (row) => row.reduce((a, x) => a + x, 0) / row.length,
  max: (row) => row.reduce((a, x) => Math.max(a, x), -Infinity),
  min: (row) => row.reduce((a, x) => Math.min(a, x), Infinity),
  prod: (row) => row.reduce((a, x) => a * x, 1),
  l1: (row) => row.reduce((a, x) => a + Math.abs(x), 0),
  l2: (row) => Math.sqrt(row.reduce((a, x) => a + x * x, 0)),
  'log-sum': (row) => Math.log(row.reduce((a, x) => a + x, 0)),
  'sum-square': (row) => row.reduce((a, x) => a + x * x, 0),
  'log-sum-exp': (row) => {
    const largest = row.reduce((a, x) => Math.max(a, x), -Infinity);
    return largest + Math.log(row.reduce((a, x) => a + Math.exp(x - largest), 0));
  },
};

/** Axes from the attribute (before opset 13 or 18) or from input 1; undefined where the input's content is unknown. */
function readAxes(context: NodeContext, rank: number, input: readonly number[] | undefined): number[] | undefined {
  const { attributes } = context;
  if (context.hasInput(1) && input === undefined) return undefined;
  const stated = input ?? attributes.ints('axes', []);
  if (stated.length > 0) return normalizeAxes(context, stated, rank).sort((a, b) => a - b);
  const isIdentity = attributes.int('noop_with_empty_axes', 0) !== 0;
  return isIdentity ? [] : Array.from({ length: rank }, (_, axis) => axis);
}

/** The shape without the reduced dimensions, or with 1 in their place; T holds numbers. */
function reducedShape<T extends Dim>(shape: readonly T[], axes: readonly number[], keepDims: boolean): T[] {
  const isReduced = (axis: number) => axes.includes(axis);
  return keepDims
    ? shape.map((size, axis) => (isReduced(axis) ? (1 as T) : size))
    : shape.filter((_, axis) => !isReduced(axis));
}

function keepsDims(context: NodeContext): boolean {
  return context.attributes.int('keepdims', 1) !== 0;
}

function infer(context: InferContext): readonly InferResult[] {
  const { dataType, shape } = context.type(0);
  if (!shape) return [{ dataType }];
  const dims = context.hasInput(1) ? context.dims(1) : undefined;
  const axes = readAxes(context, shape.length, dims?.map(Number));
  if (axes) return [{ dataType, shape: reducedShape(shape, axes, keepsDims(context)) }];
  return [{ dataType, shape: keepsDims(context) ? shape.map(() => context.unknown()) : undefined }];
}

function evaluate(context: EvaluateContext, name: ReduceName): readonly Tensor[] {
  const x = context.input(0);
  const input = context.optional(1);
  const axes = readAxes(context, x.dims.length, input && [...toNumbers(input)])!;
  if (axes.length === 0 && context.attributes.int('noop_with_empty_axes', 0) !== 0) return [x];
  const dims = reducedShape(x.dims, axes, keepsDims(context));
  const y = new Float64Array(dims.reduce((total, size) => total * size, 1));
  forEachRow(toNumbers(x), rowPositions(x.dims, axes), (row, index) => {
    const result = evaluations[name](row);
    // The extremes of no elements are the type's own.
    y[index] = x.dataType === 'bool' ? Math.min(1, Math.max(0, result)) : result;
  });
  return [fromNumbers(x.dataType, dims, y)];
}

/** Strides of a reduction's output along the input's dimensions; 0 along reduced ones. */
function keptStrides(rank: number, axes: readonly number[], output: Operand): number[] {
  const isKept = output.strides.length === rank;
  let next = 0;
  return Array.from({ length: rank }, (_, axis) => {
    if (axes.includes(axis)) return 0;
    return isKept ? output.strides[axis] : output.strides[next++];
  });
}

/** Reduces `axes` of the operand of input 0 into output 0; a channels-last input stays so where its rank is kept. */
export function lowerReduction(context: LowerContext, axes: readonly number[], reduction: Reduction): void {
  const x = context.input(0);
  const type = context.outputType(0);
  const keepsLayout = type.shape.length === x.shape.length && context.layoutOf(x) === 'channels-last';
  const y = context.allocate(type, keepsLayout ? 'channels-last' : 'row-major');
  const yStrides = axes.length === 0 ? y.strides : keptStrides(x.shape.length, axes, y);
  const scratch = (byteLength: number) => context.scratch(byteLength);
  const emit = () => {
    for (const emission of reduceEmissions({ x, y, yStrides, axes, reduction }, context.profile, scratch)) {
      context.emit(emission);
    }
  };
  const isMean = reduction.name === 'mean' && axes.length > 0;
  if (isMean) context.defer({ kind: 'mean', x, axes, result: y, resultStrides: yStrides, emit });
  else emit();
  context.output(0, y);
}

function lower(context: LowerContext, name: ReduceName): void {
  const x = context.input(0);
  const constant = context.hasInput(1) ? context.constant(1) : undefined;
  const axes = readAxes(context, x.shape.length, constant && [...toNumbers(constant)]);
  if (!axes) return context.fail('axes must be constant');
  if (axes.length === 0 && context.attributes.int('noop_with_empty_axes', 0) !== 0) return context.output(0, x);
  lowerReduction(context, axes, reductionOf(name, accumulatorType(x.elementType)));
}

function reduceOperator(type: string, name: ReduceName): Operator {
  return {
    type,
    domain: '',
    since: 1,
    valueInputs: [1],
    infer,
    evaluate: (context) => evaluate(context, name),
    lower: (context) => lower(context, name),
  };
}

/** The Reduce family: axes by attribute, or by input from opset 13 (ReduceSum) or 18 on. */
export const reduceOperators: readonly Operator[] = [
  reduceOperator('ReduceSum', 'sum'),
  reduceOperator('ReduceMean', 'mean'),
  reduceOperator('ReduceMax', 'max'),
  reduceOperator('ReduceMin', 'min'),
  reduceOperator('ReduceProd', 'prod'),
  reduceOperator('ReduceL1', 'l1'),
  reduceOperator('ReduceL2', 'l2'),
  reduceOperator('ReduceLogSum', 'log-sum'),
  reduceOperator('ReduceLogSumExp', 'log-sum-exp'),
  reduceOperator('ReduceSumSquare', 'sum-square'),
];
