import { denseStrides } from '../program/layout.js';
import type { Tensor } from '../tensor.js';
import { attentionSettings, attentionShapes, maskStrides, type HeadView } from './attention-problem.js';
import { forEachIndex, product } from './host-index.js';
import { fromNumbers, toNumbers } from './numbers.js';
import type { EvaluateContext } from './types.js';

/** The tensor after what came before it: [batch, head, past + step, element], row-major. */
function withPast(tensor: Tensor, view: HeadView, past: Tensor | undefined): Tensor {
  const values = toNumbers(tensor);
  const before = past && toNumbers(past);
  const length = past?.dims[2] ?? 0;
  const [batch, heads, steps, size] = view.shape;
  const dims = [batch, heads, length + steps, size];
  const result = new Float64Array(product(dims));
  forEachIndex(dims, ([b, h, t, e], flat) => {
    result[flat] =
      t < length
        ? before![((b * heads + h) * length + t) * size + e]
        : values[[b, h, t - length, e].reduce((at, index, axis) => at + index * view.strides[axis], 0)];
  });
  return fromNumbers(tensor.dataType, dims, result);
}

/** What is added to the scores, at (batch, head, query, key); -Infinity where a key is not seen. */
function biasOf(context: EvaluateContext, past: number, steps: number): (...index: number[]) => number {
  const { isCausal, left, right } = attentionSettings(context);
  const mask = context.optional(3);
  const values = mask && toNumbers(mask);
  const strides = mask && maskStrides(context, mask.dims, denseStrides(mask.dims, 'row-major'));
  const lengths = context.hasInput(6) ? toNumbers(context.input(6)) : undefined;
  return (b, h, s, t) => {
    const place = s + (lengths ? lengths[b] - steps : past);
    if (lengths && t >= lengths[b]) return -Infinity;
    if (isCausal && t > place) return -Infinity;
    if ((left >= 0 && t < place - left) || (right >= 0 && t > place + right)) return -Infinity;
    if (!mask || !values || !strides) return 0;
    if (t >= mask.dims[mask.dims.length - 1]) return -Infinity;
    const value = values[b * strides[0] + h * strides[1] + s * strides[2] + t * strides[3]];
    return mask.dataType === 'bool' ? (value ? 0 : -Infinity) : value;
  };
}

/** Probabilities of one query's scores; zeros where it sees no key. */
function probabilities(scores: readonly number[]): number[] {
  const largest = scores.reduce((a, score) => Math.max(a, score), -Infinity);
  if (largest === -Infinity) return scores.map(() => 0);
  const powers = scores.map((score) => Math.exp(score - largest));
  const total = powers.reduce((sum, power) => sum + power, 0);
  return powers.map((power) => power / total);
}

export function evaluateAttention(context: EvaluateContext): readonly Tensor[] {
  const inputs = [0, 1, 2].map((i) => context.input(i));
  const shapes = attentionShapes(
    context,
    inputs.map(({ dims }) => dims),
    context.optional(4)?.dims[2] ?? 0,
  );
  const { q, y, group, total, scale } = shapes;
  const { softcap, outputMode } = attentionSettings(context);
  const keys = withPast(inputs[1], shapes.k, context.optional(4));
  const values = withPast(inputs[2], shapes.v, context.optional(5));
  const [qs, ks, vs] = [inputs[0], keys, values].map(toNumbers);
  const [batch, heads, steps, size] = q.shape;
  const bias = biasOf(context, shapes.past, steps);
  const valueSize = y.shape[3];
  const result = new Float64Array(product(y.shape));
  const stages: number[] = [];
  forEachIndex([batch, heads, steps], ([b, h, s]) => {
    const kvHead = (b * heads + h - (h % group)) / group;
    const query = b * q.strides[0] + h * q.strides[1] + s * q.strides[2];
    const scores = Array.from({ length: total }, (_, t) => {
      let sum = 0;
      for (let e = 0; e < size; e++) sum += qs[query + e] * ks[(kvHead * total + t) * size + e];
      return sum * scale;
    });
    const capped = scores.map((score) => (softcap > 0 ? softcap * Math.tanh(score / softcap) : score));
    const biased = capped.map((score, t) => score + bias(b, h, s, t));
    const chances = probabilities(biased);
    stages.push(...[scores, capped, biased, chances][outputMode]);
    const to = b * y.strides[0] + h * y.strides[1] + s * y.strides[2];
    for (let e = 0; e < valueSize; e++) {
      result[to + e] = chances.reduce((sum, p, t) => sum + p * vs[(kvHead * total + t) * valueSize + e], 0);
    }
  });
  const yDims = inputs[0].dims.length === 4 ? y.shape : [batch, steps, heads * valueSize];
  const { dataType } = inputs[0];
  return [
    fromNumbers(dataType, yDims, result),
    keys,
    values,
    fromNumbers(dataType, [batch, heads, steps, total], stages),
  ].slice(0, Math.max(1, context.outputCount));
}
