import type { Tensor } from '../tensor.js';
import { rowMajorStrides } from './elementwise.js';
import { normalizeAxis, toNumbers } from './helpers.js';
import type { EvaluateContext, InferContext, InferResult, Operator } from './types.js';
import { take } from './views.js';

function infer(context: InferContext): readonly InferResult[] {
  const { dataType, shape } = context.type(0);
  if (!context.attributes.has('axis')) return [{ dataType, shape: [context.unknown()] }];
  if (!shape) return [{ dataType }];
  const axis = normalizeAxis(context, context.attributes.int('axis'), shape.length);
  return [{ dataType, shape: shape.map((size, i) => (i === axis ? context.unknown() : size)) }];
}

/** Without an axis the elements of the flattened input are chosen. */
function evaluate(context: EvaluateContext): readonly Tensor[] {
  const [x, condition] = [context.input(0), context.input(1)];
  const hasAxis = context.attributes.has('axis');
  const dims = hasAxis ? x.dims : [x.data.length];
  const axis = hasAxis ? normalizeAxis(context, context.attributes.int('axis'), dims.length) : 0;
  const chosen = Array.from(toNumbers(condition), (value, i) => (value !== 0 ? i : -1)).filter((i) => i >= 0);
  const last = chosen.at(-1);
  if (last !== undefined && last >= dims[axis]) {
    context.fail(`the condition chooses position ${last} along axis ${axis}, which has ${dims[axis]} elements`);
  }
  const stride = rowMajorStrides(dims)[axis];
  const block = stride * dims[axis];
  const indices: number[] = [];
  for (let start = 0; start < x.data.length; start += block) {
    for (const place of chosen) for (let i = 0; i < stride; i++) indices.push(start + place * stride + i);
  }
  return [take(x, dims.with(axis, chosen.length), Uint32Array.from(indices))];
}

/** Compress: positions along an axis where a condition holds; how many only the data tell. */
export const compressOperators: readonly Operator[] = [{ type: 'Compress', domain: '', since: 9, infer, evaluate }];
