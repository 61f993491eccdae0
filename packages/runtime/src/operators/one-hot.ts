import type { Dim } from '../graph.js';
import type { Tensor } from '../tensor.js';
import { emitElementwise, rowMajorStrides } from './elementwise.js';
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

/** Compares each index with a table of 0, 1, ... along the new axis. */
function lower(context: LowerContext): void {
  const type = context.outputType(0);
  const indices = context.input(0);
  const values = context.input(2);
  const axis = axisOf(context, indices.shape.length);
  const depth = type.shape[axis];
  const spread = <T>(list: readonly T[], inserted: T) => [...list.slice(0, axis), inserted, ...list.slice(axis)];
  const index = { ...indices, shape: spread(indices.shape, 1), strides: spread(indices.strides, 0) };
  const table = context.table(
    `range/${depth}`,
    'i32',
    Int32Array.from({ length: depth }, (_, i) => i),
  );
  const places = {
    ...table,
    shape: type.shape.map((size, i) => (i === axis ? size : 1)),
    strides: type.shape.map((_, i) => (i === axis ? 1 : 0)),
  };
  const hits = { label: 'one-hot', wgsl: `let i = i32(a); return R(select(i, i + ${depth}, i < 0) == b);` };
  const isHit = emitElementwise(context, hits, [index, places], { dataType: 'bool', shape: type.shape });
  const scalar = (at: number) => ({
    ...values,
    shape: [],
    strides: [],
    offset: values.offset + at * values.strides[0],
  });
  const choice = { label: 'one-hot', wgsl: 'return select(b, c, a != 0u);' };
  context.output(0, emitElementwise(context, choice, [isHit, scalar(0), scalar(1)], type));
}

/** OneHot: indices outside give a row of the off value. */
export const oneHotOperators: readonly Operator[] = [
  { type: 'OneHot', domain: '', since: 9, infer, evaluate, lower, valueInputs: [1] },
];
