import { normalizeEmission, type NormalizeKind } from '../kernels/normalize.js';
import { isWorthSplitting, splitNormalizeEmissions, statisticEmissions } from '../kernels/normalize-split.js';
import { denseStrides } from '../program/layout.js';
import { broadcastStrides, normalizeAxes, normalizeAxis } from './helpers.js';
import { evaluateNormalization, type Normalization } from './normalization-evaluate.js';
import type { InferContext, InferResult, LowerContext, NodeContext, Operand, Operator } from './types.js';

type Describe = (context: NodeContext, shape: readonly number[]) => Normalization;

function trailing(first: number, rank: number): number[] {
  return Array.from({ length: Math.max(0, rank - first) }, (_, i) => first + i);
}

function epsilon({ attributes }: NodeContext): number {
  return attributes.float('epsilon', 1e-5);
}

const overTrailingAxes =
  (kind: NormalizeKind): Describe =>
  (context, shape) => ({
    kind,
    epsilon: epsilon(context),
    view: shape,
    axes: trailing(normalizeAxis(context, context.attributes.int('axis', -1), shape.length), shape.length),
    parameterShape: (parameter) => parameter,
  });

const instance: Describe = (context, shape) => ({
  kind: 'variance',
  epsilon: epsilon(context),
  view: shape,
  axes: trailing(2, shape.length),
  parameterShape: ([channels]) => [channels, ...shape.slice(2).map(() => 1)],
});

/** Channels in groups: [N, C, ...] is seen as [N, groups, C / groups, ...]. */
const group: Describe = (context, shape) => {
  const groups = context.attributes.int('num_groups');
  const [batch, channels, ...spatial] = shape;
  if (groups < 1 || channels % groups !== 0)
    context.fail(`num_groups ${groups} does not divide the ${channels} channels`);
  const ones = spatial.map(() => 1);
  return {
    kind: 'variance',
    epsilon: epsilon(context),
    view: [batch, groups, channels / groups, ...spatial],
    axes: trailing(2, shape.length + 1),
    // Opset 18 scales groups, later ones channels.
    parameterShape: () => (context.opset < 21 ? [groups, 1, ...ones] : [groups, channels / groups, ...ones]),
  };
};

const lp: Describe = (context, shape) => {
  const p = context.attributes.int('p', 2);
  if (p !== 1 && p !== 2) context.fail(`p is ${p}; it must be 1 or 2`);
  const axis = normalizeAxis(context, context.attributes.int('axis', -1), shape.length);
  return { kind: p === 1 ? 'l1' : 'l2', epsilon: 0, view: shape, axes: [axis] };
};

const meanVariance: Describe = (context, shape) => ({
  kind: 'deviation',
  epsilon: 1e-9,
  view: shape,
  axes: normalizeAxes(context, context.attributes.ints('axes', [0, 2, 3]), shape.length).sort((a, b) => a - b),
});

/** Mean and InvStdDev, the optional outputs of LayerNormalization, have 1 in place of the row's dimensions. */
function infer(context: InferContext): readonly InferResult[] {
  const { dataType, shape } = context.type(0);
  const result: InferResult = { dataType, shape };
  if (!context.hasOutput(1) && !context.hasOutput(2)) return [result];
  const first = shape && normalizeAxis(context, context.attributes.int('axis', -1), shape.length);
  const statistic: InferResult = { dataType: 'float32', shape: shape?.map((size, axis) => (axis < first! ? size : 1)) };
  return [result, statistic, statistic];
}

/** The operand seen in another shape; the only difference may be channels split into groups. */
function viewed(operand: Operand, view: readonly number[]): Operand {
  if (view.length === operand.shape.length) return operand;
  const [batch, channel, ...spatial] = operand.strides;
  return { ...operand, shape: view, strides: [batch, channel * view[2], channel, ...spatial] };
}

function parameter(context: LowerContext, index: number, of: Normalization): Operand | undefined {
  if (!of.parameterShape || !context.hasInput(index)) return undefined;
  const operand = context.withLayout(context.input(index), 'row-major');
  const shape = of.parameterShape(operand.shape);
  const strides = broadcastStrides(shape, denseStrides(shape, 'row-major'), of.view);
  return { ...operand, shape: of.view, strides };
}

/** Normalizes input 0 into output 0; with `statistics`, outputs 1 and 2 are the mean and factor of every row. */
export function lowerNormalization(context: LowerContext, normalization: Normalization, statistics: boolean): void {
  const x = context.input(0);
  const y = context.allocate(context.outputType(0), context.layoutOf(x) ?? 'row-major');
  const { kind, axes, view } = normalization;
  const problem = {
    kind,
    axes,
    epsilon: normalization.epsilon,
    x: viewed(x, view),
    y: viewed(y, view),
    scale: parameter(context, 1, normalization),
    bias: parameter(context, 2, normalization),
  };
  const scratch = (byteLength: number) => context.scratch(byteLength);
  const emissions = isWorthSplitting(problem)
    ? splitNormalizeEmissions(problem, context.profile, scratch)
    : [normalizeEmission(problem, context.profile)];
  for (const emission of emissions) context.emit(emission);
  context.output(0, y);
  (['mean', 'factor'] as const).forEach((statistic, i) => {
    if (!statistics || !context.hasOutput(i + 1)) return;
    const output = context.allocate(context.outputType(i + 1));
    for (const emission of statisticEmissions(problem, statistic, output, context.profile, scratch)) {
      context.emit(emission);
    }
    context.output(i + 1, output);
  });
}

function normalizationOperator(type: string, describe: Describe): Operator {
  return {
    type,
    domain: '',
    since: 1,
    infer,
    evaluate: (context) => evaluateNormalization(context, describe(context, context.input(0).dims)),
    lower: (context) => lowerNormalization(context, describe(context, context.type(0).shape), true),
  };
}

/** Operators that shift and scale rows of their input by the rows' own statistics. */
export const normalizationOperators: readonly Operator[] = [
  normalizationOperator('LayerNormalization', overTrailingAxes('variance')),
  normalizationOperator('RMSNormalization', overTrailingAxes('root-mean-square')),
  normalizationOperator('InstanceNormalization', instance),
  normalizationOperator('GroupNormalization', group),
  normalizationOperator('LpNormalization', lp),
  normalizationOperator('MeanVarianceNormalization', meanVariance),
];
