import type { Dim } from '../../graph.js';
import type { ExpandContext, FunctionOperator } from '../types.js';
import { plusInput } from './activations.js';
import { call, castTo, float, int, scalarLike, shapeOf, vector } from './build.js';

interface Normalized {
  readonly y: string;
  readonly mean: string;
  readonly deviation: string;
}

/** LayerNormalization over the last dimension; its scale and bias are inputs of the node. */
function layerNormalization(context: ExpandContext, x: string, scale: number, bias: number): Normalized {
  const inputs = [x, context.inputName(scale), context.inputName(bias)].filter((name) => name !== '');
  const attributes = { axis: int(-1), epsilon: float(context.attributes.float('epsilon', 1e-12)) };
  const [y, mean, deviation] = context.add('LayerNormalization', inputs, attributes, { outputs: 3 });
  return { y, mean, deviation };
}

/** 1 / sqrt(mean(x^2) + epsilon) over the dimensions from `axis` on, in float32. */
function inverseRootMeanSquare(context: ExpandContext, x: string, axis: number, epsilon: number): string {
  const value = castTo(context, x, 'float32');
  const rank = shapeOf(context, x, 'X').length;
  const first = axis < 0 ? axis + rank : axis;
  const axes = Array.from({ length: rank - first }, (_, i) => first + i);
  const square = call(context, 'Mul', [value, value]);
  const mean = call(context, 'ReduceMean', [square, vector(context, axes)], { keepdims: int(1) });
  const shifted = call(context, 'Add', [mean, scalarLike(context, mean, epsilon)]);
  return call(context, 'Reciprocal', [call(context, 'Sqrt', [shifted])]);
}

function rootMeanSquare(context: ExpandContext, x: string, scale: number, statistic: number, fallback: number): string {
  const axis = context.attributes.int('axis', -1);
  const epsilon = context.attributes.float('epsilon', fallback);
  if (context.hasOutput(statistic)) context.result(statistic, inverseRootMeanSquare(context, x, axis, epsilon));
  return call(context, 'RMSNormalization', [x, context.inputName(scale)], { axis: int(axis), epsilon: float(epsilon) });
}

/** The sum of input, skip and bias, normalized: outputs are Y, mean, 1 / deviation and the sum. */
function skipLayerNormalization(context: ExpandContext): void {
  const sum = plusInput(context, call(context, 'Add', [context.inputName(0), context.inputName(1)]), 4);
  const { y, mean, deviation } = layerNormalization(context, sum, 2, 3);
  [y, mean, deviation, sum].forEach((value, index) => context.result(index, value));
}

function skipSimplified(context: ExpandContext): void {
  const sum = plusInput(context, call(context, 'Add', [context.inputName(0), context.inputName(1)]), 3);
  context.result(0, rootMeanSquare(context, sum, 2, 2, 1e-12));
  context.result(3, sum);
}

/** Positions 0, 1, ... where the node is given none. */
function positionIds(context: ExpandContext, length: Dim): string {
  if (context.hasInput(8)) return context.inputName(8);
  const size =
    typeof length === 'number'
      ? context.constantNamed({ dataType: 'int64', dims: [], data: BigInt64Array.of(BigInt(length)) })
      : call(context, 'Squeeze', [call(context, 'Shape', [context.inputName(0)], { start: int(1), end: int(2) })]);
  const [zero, one] = [0n, 1n].map((value) =>
    context.constantNamed({ dataType: 'int64', dims: [], data: BigInt64Array.of(value) }),
  );
  return call(context, 'Range', [zero, size, one]);
}

/** The normalized sum of the embeddings of words, positions and segments; and how many tokens the mask leaves. */
function embedLayerNormalization(context: ExpandContext): void {
  const ids = context.inputName(0);
  const [, length] = shapeOf(context, ids, 'input_ids');
  const words = call(context, 'Gather', [context.inputName(2), ids]);
  const positions = call(context, 'Gather', [context.inputName(3), positionIds(context, length)]);
  let sum = call(context, 'Add', [words, positions]);
  if (context.hasInput(1)) {
    const segments = call(context, 'Gather', [context.inputName(4), context.inputName(1)]);
    sum = call(context, 'Add', [sum, segments]);
  }
  context.result(0, layerNormalization(context, sum, 5, 6).y);
  if (context.hasOutput(1)) {
    const mask = castTo(context, context.hasInput(7) ? context.inputName(7) : ids, 'int32');
    const kept = context.hasInput(7) ? mask : call(context, 'Sub', [mask, mask]);
    context.result(1, call(context, 'ReduceSum', [kept, vector(context, [1])], { keepdims: int(0) }));
  }
  context.result(2, sum);
}

/** onnxruntime writes SimplifiedLayerNormalization into the default domain. */
export const normalizationFunctions: readonly FunctionOperator[] = [
  {
    type: 'SimplifiedLayerNormalization',
    domain: '',
    since: 1,
    expand: (context) => context.result(0, rootMeanSquare(context, context.inputName(0), 1, 1, 1e-5)),
  },
  { type: 'SkipLayerNormalization', domain: 'com.microsoft', since: 1, expand: skipLayerNormalization },
  { type: 'SkipSimplifiedLayerNormalization', domain: 'com.microsoft', since: 1, expand: skipSimplified },
  { type: 'EmbedLayerNormalization', domain: 'com.microsoft', since: 1, expand: embedLayerNormalization },
];
