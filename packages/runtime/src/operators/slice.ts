import type { Dim } from '../graph.js';
import { addDims, isInteger, normalizeAxes, subtractDims } from './helpers.js';
import type { InferContext, InferResult, NodeContext, Operator } from './types.js';
import { viewOperator, type View, type ViewContext } from './views.js';

/** One axis of a slice, its start and end as the model writes them: possibly negative or far outside. */
interface Cut {
  readonly axis: number;
  readonly start: Dim;
  readonly end: Dim;
  readonly step: number;
}

/** Beyond every size: exporters write INT_MAX or INT64_MAX for "to the end". */
const endless = 2 ** 31 - 1;

function makeCuts(
  context: NodeContext,
  rank: number,
  starts: readonly Dim[],
  ends: readonly Dim[],
  axes: readonly number[] | undefined,
  steps: readonly number[] | undefined,
): Cut[] {
  const list = normalizeAxes(context, axes ?? starts.map((_, i) => i), rank);
  if (ends.length !== starts.length || list.length !== starts.length || (steps && steps.length !== starts.length)) {
    context.fail(
      `starts, ends, axes and steps must have one length; they have ${starts.length}, ${ends.length}, ${list.length}`,
    );
  }
  return list.map((axis, i) => {
    const step = steps?.[i] ?? 1;
    if (step === 0) context.fail('a step of 0 goes nowhere');
    return { axis, start: starts[i], end: ends[i], step };
  });
}

/** Where a cut begins in a dimension, and how many elements it takes. */
function resolveCut(cut: Cut, size: number): { readonly first: number; readonly count: number } {
  const from = (position: number) => (position < 0 ? position + size : position);
  const clamp = (position: number, low: number, high: number) => Math.min(high, Math.max(low, position));
  const [start, end] = [from(cut.start as number), from(cut.end as number)];
  if (cut.step > 0) {
    const first = clamp(start, 0, size);
    return { first, count: Math.max(0, Math.ceil((clamp(end, 0, size) - first) / cut.step)) };
  }
  const first = clamp(start, 0, size - 1);
  const last = clamp(end, -1, size - 1);
  return { first, count: size === 0 ? 0 : Math.max(0, Math.ceil((last - first) / cut.step)) };
}

/** The size that remains of a dimension, as far as it can be told before the run. */
function cutDim(context: InferContext, cut: Cut, size: Dim): Dim {
  const { start, end, step } = cut;
  if (typeof start !== 'number' || (typeof end !== 'number' && end !== size)) return context.unknown();
  if (typeof size === 'number') return resolveCut({ ...cut, end: end === size ? size : end }, size).count;
  if (step !== 1) return start === 0 && end === -endless && step === -1 ? size : context.unknown();
  const toEnd = end === size || (typeof end === 'number' && end >= endless);
  if (toEnd) return start < 0 ? -start : subtractDims(size, start);
  if (start >= 0 && (end as number) < 0) return addDims(subtractDims(size, start), end);
  if (start < 0 && (end as number) < 0) return Math.max(0, (end as number) - start);
  return context.unknown();
}

function inferCuts(context: InferContext, shape: readonly Dim[], cuts: readonly Cut[]): readonly InferResult[] {
  const { dataType } = context.type(0);
  const result = [...shape];
  for (const cut of cuts) result[cut.axis] = cutDim(context, cut, shape[cut.axis]);
  const content = shape.length === 1 && isInteger(dataType) ? context.dims(0) : undefined;
  return [{ dataType, shape: result, dims: content && slicedDims(content, cuts) }];
}

function slicedDims(content: readonly Dim[], cuts: readonly Cut[]): readonly Dim[] | undefined {
  return cuts.reduce<readonly Dim[] | undefined>((rest, cut) => {
    if (!rest || typeof cut.start !== 'number' || typeof cut.end !== 'number') return undefined;
    const { first, count } = resolveCut(cut, rest.length);
    return Array.from({ length: count }, (_, i) => rest[first + i * cut.step]);
  }, content);
}

function cutView(source: View, cuts: readonly Cut[]): View {
  const shape = [...source.shape];
  const strides = [...source.strides];
  let { offset } = source;
  for (const cut of cuts) {
    const { first, count } = resolveCut(cut, source.shape[cut.axis]);
    offset += count === 0 ? 0 : first * source.strides[cut.axis];
    shape[cut.axis] = count;
    strides[cut.axis] *= cut.step;
  }
  return { shape, strides, offset };
}

function attributeCuts(context: NodeContext, rank: number): Cut[] {
  const { attributes } = context;
  const axes = attributes.has('axes') ? attributes.ints('axes') : undefined;
  return makeCuts(context, rank, attributes.ints('starts'), attributes.ints('ends'), axes, undefined);
}

function inputCuts(context: ViewContext, rank: number): Cut[] {
  const required = (index: number) => context.integers(index) ?? context.fail(`input ${index} is missing`);
  return makeCuts(context, rank, required(1), required(2), context.integers(3), context.integers(4));
}

function inferInputs(context: InferContext): readonly InferResult[] {
  const { dataType, shape } = context.type(0);
  if (!shape) return [{ dataType }];
  const numbers = (index: number) => (context.hasInput(index) ? context.dims(index) : undefined);
  const [axes, steps] = [numbers(3), numbers(4)];
  const isOpen = (index: number) => context.hasInput(index) && !context.dims(index);
  if (isOpen(3) || isOpen(4)) return [{ dataType, shape: shape.map(() => context.unknown()) }];
  const [starts, ends] = [context.dims(1), context.dims(2)];
  const count = starts?.length ?? ends?.length ?? axes?.length ?? context.type(1).shape?.[0];
  if (typeof count !== 'number') return [{ dataType, shape: shape.map(() => context.unknown()) }];
  const open = Array.from({ length: count }, () => context.unknown());
  const cuts = makeCuts(
    context,
    shape.length,
    starts ?? open,
    ends ?? open,
    axes as readonly number[] | undefined,
    steps as readonly number[] | undefined,
  );
  return inferCuts(context, shape, cuts);
}

/** Slice: attributes before opset 10, inputs since. */
export const sliceOperators: readonly Operator[] = [
  viewOperator(
    'Slice',
    1,
    (context) => {
      const { dataType, shape } = context.type(0);
      return shape ? inferCuts(context, shape, attributeCuts(context, shape.length)) : [{ dataType }];
    },
    (context, source) => [cutView(source, attributeCuts(context, source.shape.length))],
  ),
  viewOperator('Slice', 10, inferInputs, (context, source) => [
    cutView(source, inputCuts(context, source.shape.length)),
  ]),
];
