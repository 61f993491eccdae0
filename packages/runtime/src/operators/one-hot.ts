import type { Dim } from '../graph.js';
import type { Tensor } from '../tensor.js';
import { oneHotEmission } from '../kernels/one-hot.js';
import { rowMajorStrides } from './elementwise.js';
import { fromNumbers, normalizeAxis, productOfDims, toNumbers } from './helpers.js';
import type { EvaluateContext, InferContext, InferResult, LowerContext, NodeContext, Operator } from './types.js';

function axisOf(context: NodeContext, rank: number): number {
  return normalizeAxis(context, context.attributes.int('axis', -1), rank + 1);
}

function infer(context: InferContext): readonly InferResult[] {
  const { dataType } = context.type(2);
  const indices = context.type(0).shape;
  if (!indices) return [{ dataType }];
  const constant = context.constant(1);
  const depth: Dim = constant ? Math.trunc(toNumbers(constant)[0]) : (context.dims(1)?.[0] ?? context.unknown());
  const axis = axisOf(context, indices.length);
  return [{ dataType, shape: [...indices.slice(0, axis), depth, ...indices.slice(axis)] }];
}

function evaluate(context: EvaluateContext): readonly Tensor[] {
  const indices = context.input(0);
  const depth = Math.trunc(toNumbers(context.input(1))[0]);
  const [off, on] = toNumbers(context.input(2));
  const axis = axisOf(context, indices.dims.length);
  const shape = [...indices.dims.slice(0, axis), depth, ...indices.dims.slice(axis)];
  const inner = rowMajorStrides(shape)[axis];
  const result = new Float64Array(productOfDims(shape) as number).fill(off);
  toNumbers(indices).forEach((index, i) => {
    const place = index < 0 ? index + depth : index;
    if (place < 0 || place >= depth) return;
    const outer = Math.floor(i / inner);
    result[(outer * depth + place) * inner + (i % inner)] = on;
  });
  return [fromNumbers(context.input(2).dataType, shape, result)];
}

function lower(context: LowerContext): void {
  const y = context.allocateOutput(0, 'row-major');
  const [indices, values] = [context.input(0), context.input(2)];
  context.emit(oneHotEmission({ indices, values, y }, axisOf(context, indices.shape.length), context.profile));
  context.output(0, y);
}

/** OneHot: indices outside give a row of the off value. */
export const oneHotOperators: readonly Operator[] = [
  { type: 'OneHot', domain: '', since: 9, infer, evaluate, lower, valueInputs: [1] },
];
