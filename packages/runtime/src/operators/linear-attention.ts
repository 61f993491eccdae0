import type { Dim } from '../graph.js';
import { elementwiseEmission } from '../kernels/elementwise.js';
import { linearAttentionEmission } from '../kernels/linear-attention.js';
import { scaledCopyEmission } from '../kernels/scaled-copy.js';
import { denseStrides } from '../program/layout.js';
import type { Tensor } from '../tensor.js';
import { divideDims, showDims } from './helpers.js';
import { forEachIndex, product } from './host-index.js';
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

const rules = {
  linear: { decays: false, corrects: false },
  gated: { decays: true, corrects: false },
  delta: { decays: false, corrects: true },
  gated_delta: { decays: true, corrects: true },
} as const;

function ruleOf(context: NodeContext) {
  const name = context.attributes.string('update_rule', 'gated_delta');
  const rule = rules[name as keyof typeof rules];
  if (!rule) context.fail(`update_rule is "${name}"; it must be one of ${Object.keys(rules).join(', ')}`);
  if (rule.decays && !context.hasInput(4)) context.fail(`update_rule ${name} needs the input decay`);
  if (rule.corrects && !context.hasInput(5)) context.fail(`update_rule ${name} needs the input beta`);
  return rule;
}

interface Sizes {
  readonly batch: number;
  readonly steps: number;
  readonly qHeads: number;
  readonly kvHeads: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly scale: number;
}

function sizesOf(context: NodeContext, q: readonly number[], v: readonly number[]): Sizes {
  const [qHeads, kvHeads] = [context.attributes.int('q_num_heads'), context.attributes.int('kv_num_heads')];
  if (qHeads % kvHeads !== 0) context.fail(`${kvHeads} key heads do not divide ${qHeads} query heads`);
  const [keySize, valueSize] = [q[2] / qHeads, v[2] / kvHeads];
  const scale = context.attributes.float('scale', 0) || 1 / Math.sqrt(keySize);
  return { batch: q[0], steps: q[1], qHeads, kvHeads, keySize, valueSize, scale };
}

function infer(context: InferContext): readonly InferResult[] {
  const [q, value] = [context.type(0), context.type(2)];
  ruleOf(context);
  if (!q.shape || !value.shape) return [{ dataType: q.dataType }, { dataType: q.dataType }];
  if (q.shape.length !== 3 || value.shape.length !== 3) {
    context.fail(`query ${showDims(q.shape)} and value ${showDims(value.shape)} must be [batch, step, head * element]`);
  }
  const [qHeads, kvHeads] = [context.attributes.int('q_num_heads'), context.attributes.int('kv_num_heads')];
  const [keySize, valueSize] = [divideDims(q.shape[2], qHeads), divideDims(value.shape[2], kvHeads)];
  const width: Dim = typeof valueSize === 'number' ? qHeads * valueSize : context.unknown();
  return [
    { dataType: q.dataType, shape: [...q.shape.slice(0, 2), width] },
    { dataType: q.dataType, shape: [q.shape[0], kvHeads, keySize, valueSize] },
  ];
}

/** How an optional input [batch, step, n] is read at (batch, step, head, element): n counts heads, all elements, or is 1. */
function partStrides(shape: readonly number[], heads: number, size: number): readonly number[] {
  const width = shape[2];
  const [head, element] = width === heads * size && size > 1 ? [size, 1] : [width === 1 ? 0 : 1, 0];
  return [shape[1] * width, width, head, element];
}

function evaluate(context: EvaluateContext): readonly Tensor[] {
  const [q, k, v] = [0, 1, 2].map((index) => context.input(index));
  const { decays, corrects } = ruleOf(context);
  const { batch, steps, qHeads, kvHeads, keySize, valueSize, scale } = sizesOf(context, q.dims, v.dims);
  const [qs, ks, vs] = [q, k, v].map(toNumbers);
  const [past, decay, beta] = [3, 4, 5].map((index) => context.optional(index));
  const part = (tensor: Tensor | undefined, size: number) => {
    if (!tensor) return () => 0;
    const values = toNumbers(tensor);
    const strides = partStrides(tensor.dims, kvHeads, size);
    return (...index: number[]) => values[index.reduce((at, position, axis) => at + position * strides[axis], 0)];
  };
  const [decayAt, betaAt] = [part(decay, keySize), part(beta, 1)];
  const state = past ? toNumbers(past) : new Float64Array(batch * kvHeads * keySize * valueSize);
  const y = new Float64Array(batch * steps * qHeads * valueSize);
  const group = qHeads / kvHeads;
  forEachIndex([batch, kvHeads, valueSize], ([b, h, j]) => {
    const cell = (e: number) => ((b * kvHeads + h) * keySize + e) * valueSize + j;
    for (let t = 0; t < steps; t++) {
      const row = (b * steps + t) * kvHeads + h;
      let [value, held] = [vs[row * valueSize + j], 0];
      for (let e = 0; e < keySize; e++) {
        if (decays) state[cell(e)] *= Math.exp(decayAt(b, t, h, e));
        held += ks[row * keySize + e] * state[cell(e)];
      }
      if (corrects) value = betaAt(b, t, h, 0) * (value - held);
      for (let e = 0; e < keySize; e++) state[cell(e)] += ks[row * keySize + e] * value;
      for (let head = h * group; head < (h + 1) * group; head++) {
        let sum = 0;
        const query = ((b * steps + t) * qHeads + head) * keySize;
        for (let e = 0; e < keySize; e++) sum += qs[query + e] * state[cell(e)];
        y[((b * steps + t) * qHeads + head) * valueSize + j] = scale * sum;
      }
    }
  });
  const { dataType } = q;
  return [
    fromNumbers(dataType, [batch, steps, qHeads * valueSize], y),
    fromNumbers(dataType, [batch, kvHeads, keySize, valueSize], state),
  ];
}

/** A state to work on, in f32: a copy of the past, or zeros. */
function stateOf(context: LowerContext, shape: readonly number[]): Operand {
  const state: Operand = {
    ...context.scratch(4 * Math.max(1, product(shape))),
    shape,
    strides: denseStrides(shape, 'row-major'),
  };
  const past = context.hasInput(3) ? context.input(3) : undefined;
  if (past) context.emit(scaledCopyEmission(past, state, 1, context.profile));
  else context.emit(elementwiseEmission({ label: 'zeros', wgsl: 'return R(0);' }, [], state, context.profile));
  return state;
}

function lower(context: LowerContext): void {
  const { decays, corrects } = ruleOf(context);
  const sizes = sizesOf(context, context.type(0).shape, context.type(2).shape);
  const { batch, steps, qHeads, kvHeads, keySize, valueSize, scale } = sizes;
  const heads = (operand: Operand, count: number): Operand => {
    const shape = [batch, steps, count, operand.shape[2] / count];
    return { ...operand, shape, strides: denseStrides(shape, 'row-major') };
  };
  const dense = (index: number) => context.withLayout(context.input(index), 'row-major');
  const part = (index: number, size: number): Operand => {
    const operand = dense(index);
    return { ...operand, shape: [batch, steps, kvHeads, size], strides: partStrides(operand.shape, kvHeads, size) };
  };
  const state = stateOf(context, [batch, kvHeads, keySize, valueSize]);
  const y = context.allocate(context.outputType(0));
  const problem = {
    q: heads(dense(0), qHeads),
    k: heads(dense(1), kvHeads),
    v: heads(dense(2), kvHeads),
    decay: decays ? part(4, keySize) : undefined,
    beta: corrects ? part(5, 1) : undefined,
    y: heads(y, qHeads),
    state,
    scale,
  };
  context.emit(linearAttentionEmission(problem, context.profile));
  context.output(0, y);
  if (!context.hasOutput(1)) return;
  const present = context.allocate(context.outputType(1));
  context.emit(scaledCopyEmission(state, present, 1, context.profile));
  context.output(1, present);
}

export const linearAttentionOperators: readonly Operator[] = [
  { type: 'LinearAttention', domain: '', since: 1, infer, evaluate, lower },
];
