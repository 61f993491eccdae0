import { normalizeEmission, type NormalizeKind } from '../kernels/normalize.js';
import { isWorthSplitting, splitNormalizeEmissions, statisticEmissions } from '../kernels/normalize-split.js';
import { denseStrides } from '../program/layout.js';
import type { Tensor } from '../tensor.js';
import { broadcastStrides, normalizeAxes, normalizeAxis } from './helpers.js';
import { forEachIndex, forEachRow } from './host-index.js';
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

/** How a node normalizes, its input seen in the shape `view`. */
interface Normalization {
  readonly kind: NormalizeKind;
  readonly epsilon: number;
  readonly view: readonly number[];
  /** Dimensions of the view that make up a row. */
  readonly axes: readonly number[];
  /** The shape in which inputs 1 (scale) and 2 (bias) broadcast to the view; absent where the operator has none. */
  readonly parameterShape?: (shape: readonly number[]) => readonly number[];
}

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

interface RowStatistics {
  readonly mean: number;
  readonly factor: number;
}

function rowStatistics({ kind, epsilon }: Normalization, row: Float64Array): RowStatistics {
  const sum = (map: (x: number) => number) => row.reduce((total, x) => total + map(x), 0);
  const isCentered = kind === 'variance' || kind === 'deviation';
  const mean = isCentered ? sum((x) => x) / row.length : 0;
  const squares = sum((x) => (x - mean) ** 2);
  switch (kind) {
    case 'variance':
    case 'root-mean-square':
      return { mean, factor: 1 / Math.sqrt(squares / row.length + epsilon) };
    case 'deviation':
      return { mean, factor: 1 / (Math.sqrt(squares / row.length) + epsilon) };
    case 'l1':
      return { mean, factor: 1 / (sum(Math.abs) || 1) };
    case 'l2':
      return { mean, factor: 1 / (Math.sqrt(squares) || 1) };
  }
}

/** Input 1 or 2, repeated to the view's shape. */
function parameterValues(context: EvaluateContext, index: number, of: Normalization): Float64Array | undefined {
  if (!of.parameterShape || !context.hasInput(index)) return undefined;
  const tensor = context.input(index);
  const values = toNumbers(tensor);
  const shape = of.parameterShape(tensor.dims);
  const strides = broadcastStrides(shape, denseStrides(shape, 'row-major'), of.view);
  const result = new Float64Array(of.view.reduce((total, size) => total * size, 1));
  forEachIndex(of.view, (position, flat) => {
    result[flat] = values[position.reduce((at, p, axis) => at + p * strides[axis], 0)];
  });
  return result;
}

function evaluate(context: EvaluateContext, describe: Describe): readonly Tensor[] {
  const x = context.input(0);
  const normalization = describe(context, x.dims);
  const values = toNumbers(x);
  const [scale, bias] = [1, 2].map((index) => parameterValues(context, index, normalization));
  const y = new Float64Array(values.length);
  const [means, factors]: number[][] = [[], []];
  forEachRow(normalization.view, normalization.axes, (elements) => {
    const row = Float64Array.from(elements, (at) => values[at]);
    const { mean, factor } = rowStatistics(normalization, row);
    means.push(mean);
    factors.push(factor);
    for (const at of elements) y[at] = (values[at] - mean) * factor * (scale?.[at] ?? 1) + (bias?.[at] ?? 0);
  });
  const dims = normalization.view.map((size, axis) => (normalization.axes.includes(axis) ? 1 : size));
  return [
    fromNumbers(x.dataType, x.dims, y),
    fromNumbers('float32', dims, means),
    fromNumbers('float32', dims, factors),
  ];
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

function lower(context: LowerContext, describe: Describe): void {
  const x = context.input(0);
  const y = context.allocate(context.outputType(0), context.layoutOf(x) ?? 'row-major');
  const normalization = describe(context, x.shape);
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
    if (!context.hasOutput(i + 1)) return;
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
    evaluate: (context) => evaluate(context, describe),
    lower: (context) => lower(context, describe),
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
