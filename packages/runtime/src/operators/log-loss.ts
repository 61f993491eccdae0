import { logLossEmission, type LossReduction } from '../kernels/log-loss.js';
import { softmaxEmission } from '../kernels/softmax.js';
import type { Tensor } from '../tensor.js';
import { forEachRow, product, rowPositions } from './host-index.js';
import { fromNumbers, toNumbers } from './numbers.js';
import type { EvaluateContext, InferContext, InferResult, LowerContext, NodeContext, Operator } from './types.js';

function reductionOf(context: NodeContext): LossReduction {
  const reduction = context.attributes.string('reduction', 'mean');
  if (reduction === 'none' || reduction === 'sum' || reduction === 'mean') return reduction;
  return context.fail(`reduction is "${reduction}"; "none", "sum" or "mean" is right`);
}

function ignoredOf({ attributes }: NodeContext): number | undefined {
  return attributes.has('ignore_index') ? attributes.int('ignore_index') : undefined;
}

function infer(context: InferContext): readonly InferResult[] {
  const { dataType, shape } = context.type(0);
  if (shape && shape.length < 2) context.fail(`the input has rank ${shape.length}; it must be 2 or more`);
  const loss = reductionOf(context) === 'none' ? context.type(1).shape : [];
  return [
    { dataType, shape: loss },
    { dataType, shape },
  ].slice(0, Math.max(1, context.outputCount));
}

function logSoftmax(values: Float64Array, dims: readonly number[]): Float64Array {
  const result = new Float64Array(values.length);
  const positions = rowPositions(dims, [1]);
  forEachRow(values, positions, (row, index) => {
    const largest = row.reduce((a, x) => Math.max(a, x), -Infinity);
    const logarithm = largest + Math.log(row.reduce((sum, x) => sum + Math.exp(x - largest), 0));
    row.forEach((x, i) => (result[positions.rows[index] + positions.elements[i]] = x - logarithm));
  });
  return result;
}

function evaluate(context: EvaluateContext, hasSoftmax: boolean): readonly Tensor[] {
  const [x, targets] = [context.input(0), context.input(1)];
  const values = toNumbers(x);
  const logarithms = hasSoftmax ? logSoftmax(values, x.dims) : values;
  const weights = context.hasInput(2) ? toNumbers(context.input(2)) : undefined;
  const [classes, plane] = [x.dims[1], product(x.dims.slice(2))];
  const [reduction, ignored] = [reductionOf(context), ignoredOf(context)];
  let weightsTotal = 0;
  const losses = toNumbers(targets).map((index, i) => {
    if (index === ignored) return 0;
    if (index < 0 || index >= classes) context.fail(`target ${index} is outside the ${classes} classes`);
    const weight = weights?.[index] ?? 1;
    weightsTotal += weight;
    return -weight * logarithms[(Math.floor(i / plane) * classes + index) * plane + (i % plane)];
  });
  const total = losses.reduce((sum, loss) => sum + loss, 0);
  const loss =
    reduction === 'none'
      ? fromNumbers(x.dataType, targets.dims, losses)
      : fromNumbers(x.dataType, [], [reduction === 'mean' ? total / weightsTotal : total]);
  return [loss, fromNumbers(x.dataType, x.dims, logarithms)].slice(0, Math.max(1, context.outputCount));
}

function lower(context: LowerContext, hasSoftmax: boolean): void {
  let logarithms = context.withLayout(context.input(0), 'row-major');
  if (hasSoftmax) {
    const x = logarithms;
    logarithms = context.allocate(context.type(0));
    context.emit(softmaxEmission('log-softmax', x, logarithms, [1], context.profile));
  }
  const y = context.allocate(context.outputType(0));
  const problem = {
    logarithms,
    targets: context.withLayout(context.input(1), 'row-major'),
    weights: context.hasInput(2) ? context.input(2) : undefined,
    y,
    reduction: reductionOf(context),
    ignored: ignoredOf(context),
  };
  context.emit(logLossEmission(problem, context.profile));
  context.output(0, y);
  if (context.hasOutput(1)) context.output(1, logarithms);
}

function lossOperator(type: string, since: number, hasSoftmax: boolean): Operator {
  return {
    type,
    domain: '',
    since,
    infer,
    evaluate: (context) => evaluate(context, hasSoftmax),
    lower: (context) => lower(context, hasSoftmax),
  };
}

export const logLossOperators: readonly Operator[] = [
  lossOperator('NegativeLogLikelihoodLoss', 12, false),
  lossOperator('SoftmaxCrossEntropyLoss', 12, true),
];
