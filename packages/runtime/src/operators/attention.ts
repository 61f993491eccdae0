import type { Dim } from '../graph.js';
import { attentionSoftmaxEmission } from '../kernels/attention-softmax.js';
import { copyEmission } from '../kernels/copy.js';
import { scaledCopyEmission } from '../kernels/scaled-copy.js';
import { denseStrides } from '../program/layout.js';
import { evaluateAttention } from './attention-evaluate.js';
import { attentionSettings, attentionShapes, maskStrides, type HeadView } from './attention-problem.js';
import { addDims, divideDims, multiplyDims } from './helpers.js';
import { lowerMatrixProduct } from './matrix-product.js';
import type { InferContext, InferResult, LowerContext, Operand, Operator } from './types.js';

/** [batch, head, step, element] of an input of rank 3 or 4. */
function headShape(context: InferContext, shape: readonly Dim[], attribute: string): readonly Dim[] {
  if (shape.length === 4) return shape;
  const heads = context.attributes.int(attribute, 0);
  if (shape.length !== 3 || heads < 1) {
    context.fail(`Q, K and V must have rank 4, or rank 3 with q_num_heads and kv_num_heads`);
  }
  return [shape[0], heads, shape[1], divideDims(shape[2], heads)];
}

function infer(context: InferContext): readonly InferResult[] {
  attentionSettings(context);
  const types = [0, 1, 2].map((i) => context.type(i));
  const [{ dataType, shape }, key, value] = types;
  if (!shape || !key.shape || !value.shape) {
    return [dataType, key.dataType, value.dataType, dataType].map((type) => ({ dataType: type }));
  }
  const q = headShape(context, shape, 'q_num_heads');
  const k = headShape(context, key.shape, 'kv_num_heads');
  const v = headShape(context, value.shape, 'kv_num_heads');
  const past = context.hasInput(4) ? (context.type(4).shape?.[2] ?? context.unknown()) : 0;
  const total = past === 0 ? k[2] : addDims(past, k[2]);
  const y = shape.length === 4 ? [...q.slice(0, 3), v[3]] : [shape[0], shape[1], multiplyDims(q[1], v[3])];
  return [
    { dataType, shape: y },
    { dataType: key.dataType, shape: [k[0], k[1], total, k[3]] },
    { dataType: value.dataType, shape: [v[0], v[1], total, v[3]] },
    { dataType, shape: [...q.slice(0, 3), total] },
  ];
}

/** Input `index` as [batch, head, past + step, element], behind the past where there is one. */
function withPast(context: LowerContext, index: number, view: HeadView, pastIndex: number): Operand {
  const current: Operand = { ...context.withLayout(context.input(index), 'row-major'), ...view };
  if (!context.hasInput(pastIndex)) return current;
  const past = context.input(pastIndex);
  const [batch, heads, steps, size] = view.shape;
  const length = past.shape[2];
  const whole = context.allocate({
    dataType: context.type(index).dataType,
    shape: [batch, heads, length + steps, size],
  });
  context.emit(copyEmission(context.profile, past, { ...whole, shape: past.shape }));
  const offset = whole.offset + length * whole.strides[2];
  context.emit(copyEmission(context.profile, current, { ...whole, shape: view.shape, offset }));
  return whole;
}

function outputWhole(context: LowerContext, index: number, operand: Operand): void {
  if (context.hasOutput(index)) context.output(index, operand);
}

/** Dense [batch, query head, step, n] as [batch, key head, group * step, n]. */
function byKeyHead(operand: Operand, group: number): Operand {
  const [batch, heads, steps, size] = operand.shape;
  const shape = [batch, heads / group, group * steps, size];
  return { ...operand, shape, strides: denseStrides(shape, 'row-major') };
}

/** The masked softmax of the scores; sets the output qk_matmul_output. */
function lowerProbabilities(context: LowerContext, scores: Operand, past: number): Operand {
  const settings = attentionSettings(context);
  const type = { dataType: context.type(0).dataType, shape: scores.shape };
  const hasStage = context.hasOutput(3) && (settings.outputMode === 1 || settings.outputMode === 2);
  const stage = hasStage ? context.allocate(type) : undefined;
  const probabilities = context.allocate(type);
  const mask = context.hasInput(3) ? context.input(3) : undefined;
  const problem = {
    scores,
    probabilities,
    stage,
    mask: mask && {
      operand: mask,
      isBool: context.type(3).dataType === 'bool',
      strides: maskStrides(context, mask.shape, mask.strides),
      keys: mask.shape[mask.shape.length - 1],
    },
    lengths: context.hasInput(6) ? context.input(6) : undefined,
    past,
  };
  context.emit(attentionSoftmaxEmission(settings, problem, context.profile));
  outputWhole(context, 3, stage ?? (settings.outputMode === 3 ? probabilities : scores));
  return probabilities;
}

function lower(context: LowerContext): void {
  const shapes = attentionShapes(
    context,
    [0, 1, 2].map((i) => context.type(i).shape),
    context.hasInput(4) ? context.type(4).shape[2] : 0,
  );
  const { dataType } = context.type(0);
  const { group, total } = shapes;
  const queries = context.allocate({ dataType, shape: shapes.q.shape });
  const q: Operand = { ...context.withLayout(context.input(0), 'row-major'), ...shapes.q };
  context.emit(scaledCopyEmission(q, queries, shapes.scale, context.profile));
  const keys = withPast(context, 1, shapes.k, 4);
  const values = withPast(context, 2, shapes.v, 5);
  outputWhole(context, 1, keys);
  outputWhole(context, 2, values);
  const scores = context.allocate({ dataType, shape: [...shapes.q.shape.slice(0, 3), total] });
  const [kb, kh, kt, ke] = keys.strides;
  lowerMatrixProduct(context, {
    a: byKeyHead(queries, group),
    b: { ...keys, shape: [keys.shape[0], keys.shape[1], keys.shape[3], total], strides: [kb, kh, ke, kt] },
    y: byKeyHead(scores, group),
  });
  const probabilities = lowerProbabilities(context, scores, shapes.past);
  const y = context.allocate(context.outputType(0));
  const heads: Operand = { ...y, ...shapes.y };
  const isDirect = group === 1 || y.shape.length === 4;
  const result = isDirect ? heads : context.allocate({ dataType, shape: shapes.y.shape });
  lowerMatrixProduct(context, {
    a: byKeyHead(probabilities, group),
    b: values,
    y: group === 1 ? result : byKeyHead(result, group),
  });
  if (!isDirect) context.emit(copyEmission(context.profile, result, heads));
  context.output(0, y);
}

export const attentionOperators: readonly Operator[] = [
  { type: 'Attention', domain: '', since: 23, infer, evaluate: evaluateAttention, lower },
];
