import type { Dim } from '../graph.js';
import { isInteger, normalizeAxis } from './helpers.js';
import type { InferContext, NodeContext, Operator } from './types.js';
import { viewOperator, type View } from './views.js';

/** Equal parts of a size; the last may be smaller. */
function equalParts(context: NodeContext, size: number, count: number): number[] {
  const part = Math.ceil(size / count);
  const parts = Array.from({ length: count }, (_, i) => Math.max(0, Math.min(part, size - i * part)));
  const isUneven = parts.some((p) => p !== part);
  if (isUneven && context.opset < 18) context.fail(`a size of ${size} cannot be split into ${count} equal parts`);
  return parts;
}

function partCount(context: NodeContext): number {
  const count = context.attributes.int('num_outputs', context.outputCount);
  if (count !== context.outputCount)
    context.fail(`num_outputs is ${count}; the node has ${context.outputCount} outputs`);
  return count;
}

function checkParts(context: NodeContext, parts: readonly number[], size: Dim): readonly number[] {
  const total = parts.reduce((sum, part) => sum + part, 0);
  if (parts.some((part) => part < 0) || (typeof size === 'number' && total !== size)) {
    context.fail(`split [${parts.join(', ')}] must have sizes from 0 that add up to ${size}`);
  }
  return parts;
}

function partDims(context: InferContext, size: Dim, stated: readonly Dim[] | undefined): readonly Dim[] {
  if (stated?.every((part) => typeof part === 'number')) return checkParts(context, stated as number[], size);
  const count = partCount(context);
  const isOpen = context.hasInput(1) || typeof size !== 'number';
  if (isOpen) return stated ?? Array.from({ length: count }, () => (count === 1 ? size : context.unknown()));
  return equalParts(context, size, count);
}

function splitViews(context: NodeContext, source: View, stated: readonly number[] | undefined): View[] {
  const axis = normalizeAxis(context, context.attributes.int('axis', 0), source.shape.length);
  const size = source.shape[axis];
  const parts = stated ? checkParts(context, stated, size) : equalParts(context, size, partCount(context));
  let first = 0;
  return parts.map((part) => {
    const shape = source.shape.map((s, i) => (i === axis ? part : s));
    const offset = source.offset + (part === 0 ? 0 : first * source.strides[axis]);
    first += part;
    return { shape, strides: source.strides, offset };
  });
}

function splitOperator(
  since: number,
  statedDims: (context: InferContext) => readonly Dim[] | undefined,
  statedParts: (
    context: NodeContext,
    integers: (index: number) => readonly number[] | undefined,
  ) => readonly number[] | undefined,
): Operator {
  return viewOperator(
    'Split',
    since,
    (context) => {
      const { dataType, shape } = context.type(0);
      if (!shape) return Array.from({ length: context.outputCount }, () => ({ dataType }));
      const axis = normalizeAxis(context, context.attributes.int('axis', 0), shape.length);
      const parts = partDims(context, shape[axis], statedDims(context));
      const content = shape.length === 1 && isInteger(dataType) ? context.dims(0) : undefined;
      const isKnown = content && parts.every((part) => typeof part === 'number');
      let first = 0;
      return parts.map((part) => {
        const dims = isKnown ? content.slice(first, (first += part as number)) : undefined;
        return { dataType, shape: shape.map((size, i) => (i === axis ? part : size)), dims };
      });
    },
    (context, source) =>
      splitViews(
        context,
        source,
        statedParts(context, (index) => context.integers(index)),
      ),
  );
}

const attributeParts = ({ attributes }: NodeContext) =>
  attributes.has('split') ? attributes.ints('split') : undefined;

/** Split: parts by an attribute before opset 13, by an input since. Every part is a view. */
export const splitOperators: readonly Operator[] = [
  splitOperator(2, attributeParts, attributeParts),
  splitOperator(
    13,
    (context) => (context.hasInput(1) ? context.dims(1) : undefined),
    (_, integers) => integers(1),
  ),
];
