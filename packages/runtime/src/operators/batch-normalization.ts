import { channelAffineEmission, type Coefficients } from '../kernels/channel-affine.js';
import { orderOf } from '../program/placement.js';
import type { Tensor } from '../tensor.js';
import { applyActivation, readActivation } from './activation.js';
import { evaluateNormalization, type Normalization } from './normalization-evaluate.js';
import { lowerNormalization } from './normalization.js';
import { fromNumbers, toNumbers } from './numbers.js';
import type { EvaluateContext, InferContext, InferResult, LowerContext, NodeContext, Operator } from './types.js';

function infer(context: InferContext): readonly InferResult[] {
  const x = context.type(0);
  if (context.opset < 9 && context.attributes.int('spatial', 1) === 0) context.fail('spatial 0 is not supported');
  if (!isTraining(context) && context.hasOutput(1)) {
    context.fail('outputs besides the first need training_mode 1 of opset 14 or later');
  }
  if (x.shape && x.shape.length < 2) context.fail(`X has rank ${x.shape.length}; it must be 2 or more`);
  const channels = x.shape?.[1];
  ['scale', 'B', 'mean', 'var'].forEach((name, i) => {
    const shape = context.type(i + 1).shape;
    const size = shape?.[0];
    if (typeof channels === 'number' && typeof size === 'number' && size !== channels) {
      context.fail(`${name} has ${size} elements but X has ${channels} channels`);
    }
  });
  const running: InferResult = { dataType: x.dataType, shape: channels === undefined ? undefined : [channels] };
  return [{ dataType: x.dataType, shape: x.shape }, ...(isTraining(context) ? [running, running] : [])];
}

/** With training_mode 1 the input is normalized by its own mean and variance (a way to standardize weights in a graph). */
function isTraining({ attributes }: NodeContext): boolean {
  return attributes.int('training_mode', 0) !== 0;
}

function batchStatistics({ attributes }: NodeContext, shape: readonly number[]): Normalization {
  return {
    kind: 'variance',
    epsilon: attributes.float('epsilon', 1e-5),
    view: shape,
    axes: shape.map((_, axis) => axis).filter((axis) => axis !== 1),
    parameterShape: ([channels]) => [channels, ...shape.slice(2).map(() => 1)],
  };
}

/** The normalized input, and the running mean and variance moved towards the batch's. */
function evaluateTraining(context: EvaluateContext): readonly Tensor[] {
  const x = context.input(0);
  const epsilon = context.attributes.float('epsilon', 1e-5);
  const momentum = context.attributes.float('momentum', 0.9);
  const [y, means, factors] = evaluateNormalization(context, batchStatistics(context, x.dims));
  const variances = toNumbers(factors).map((factor) => factor ** -2 - epsilon);
  const moved = (input: number, current: Float64Array) => {
    const tensor = context.input(input);
    const values = toNumbers(tensor).map((value, c) => value * momentum + current[c] * (1 - momentum));
    return fromNumbers(tensor.dataType, tensor.dims, values);
  };
  return [y, moved(3, toNumbers(means)), moved(4, variances)];
}

/** y = x * scale[c] + shift[c], in float64. */
function foldedTables(
  parts: readonly Tensor[],
  epsilon: number,
): { readonly scale: Float64Array; readonly shift: Float64Array } {
  const [gamma, beta, mean, variance] = parts.map(toNumbers);
  const scale = gamma.map((g, c) => g / Math.sqrt(variance[c] + epsilon));
  return { scale, shift: beta.map((b, c) => b - mean[c] * scale[c]) };
}

function evaluate(context: EvaluateContext): readonly Tensor[] {
  if (isTraining(context)) return evaluateTraining(context);
  const x = context.input(0);
  const epsilon = context.attributes.float('epsilon', 1e-5);
  const { scale, shift } = foldedTables(
    [1, 2, 3, 4].map((i) => context.input(i)),
    epsilon,
  );
  const activation = readActivation(context);
  const perChannel = x.dims.slice(2).reduce((total, size) => total * size, 1);
  const y = toNumbers(x).map((value, i) => {
    const c = Math.floor(i / perChannel) % scale.length;
    return applyActivation(activation, value * scale[c] + shift[c]);
  });
  return [fromNumbers(x.dataType, x.dims, y)];
}

function coefficients(context: LowerContext, epsilon: number): Coefficients {
  const inputs = [1, 2, 3, 4];
  const constants = inputs.map((i) => context.constant(i));
  if (constants.every((constant) => constant !== undefined)) {
    const { scale, shift } = foldedTables(constants, epsilon);
    return {
      kind: 'folded',
      scale: context.table(`${context.name}/scale`, 'f32', Float32Array.from(scale)),
      shift: context.table(`${context.name}/shift`, 'f32', Float32Array.from(shift)),
    };
  }
  const [scale, bias, mean, variance] = inputs.map((i) => context.withLayout(context.input(i), 'row-major'));
  return { kind: 'statistics', scale, bias, mean, variance, epsilon };
}

function lower(context: LowerContext): void {
  if (isTraining(context)) return lowerNormalization(context, batchStatistics(context, context.type(0).shape), false);
  const x = context.input(0);
  const y = context.allocateOutput(0, orderOf(x));
  const epsilon = context.attributes.float('epsilon', 1e-5);
  const activation = readActivation(context);
  context.emit(
    channelAffineEmission({ coefficients: coefficients(context, epsilon), x, y, activation }, context.profile),
  );
  context.output(0, y);
}

/**
 * BatchNormalization where no convolution takes it in, and with the activation that follows it. Of training_mode 1 only the
 * first output is made on the GPU.
 */
export const batchNormalizationOperators: readonly Operator[] = [
  { type: 'BatchNormalization', domain: '', since: 1, infer, evaluate, lower },
  { type: 'FusedBatchNormalization', domain: 'tessera', since: 1, infer, evaluate, lower },
];
