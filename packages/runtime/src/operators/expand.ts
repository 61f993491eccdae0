import { broadcastDims, broadcastShape, broadcastStrides, isInteger, showDims } from './helpers.js';
import type { InferContext, InferResult, NodeContext, Operator } from './types.js';
import {
  emitRearrangement,
  evaluateViewContext,
  lowerViewContext,
  takeRearrangement,
  viewOf,
  viewOperator,
  type Rearrangement,
  type View,
  type ViewContext,
} from './views.js';
import { multiplyDims } from './helpers.js';

function inferExpand(context: InferContext): readonly InferResult[] {
  const { dataType, shape } = context.type(0);
  const target = context.dims(1);
  const rank = context.type(1).shape?.[0];
  if (!shape) return [{ dataType }];
  if (!target) {
    if (typeof rank !== 'number') return [{ dataType }];
    return [{ dataType, shape: Array.from({ length: Math.max(rank, shape.length) }, () => context.unknown()) }];
  }
  const result = broadcastDims(shape, target, () => context.unknown());
  if (!result) return context.fail(`the input ${showDims(shape)} cannot be expanded to ${showDims(target)}`);
  const content = result.length <= 1 && isInteger(dataType) ? context.dims(0) : undefined;
  const length = result[0] ?? 1;
  const dims =
    content?.length === 1 && typeof length === 'number' && length <= 256
      ? new Array(length).fill(content[0])
      : undefined;
  return [{ dataType, shape: result, dims }];
}

/** Repeated dimensions get stride 0. */
function expandView(context: ViewContext, source: View): View {
  const target = context.integers(1) ?? context.fail('input 1 is missing');
  const shape =
    broadcastShape([source.shape, target]) ??
    context.fail(`the input ${showDims(source.shape)} cannot be expanded to ${showDims(target)}`);
  return { shape, strides: broadcastStrides(source.shape, source.strides, shape), offset: source.offset };
}

function inferTile(context: InferContext): readonly InferResult[] {
  const { dataType, shape } = context.type(0);
  const repeats = context.dims(1);
  if (!shape) return [{ dataType }];
  if (!repeats) return [{ dataType, shape: shape.map(() => context.unknown()) }];
  checkRepeats(context, repeats.length, shape.length);
  return [{ dataType, shape: shape.map((size, axis) => multiplyDims(size, repeats[axis])) }];
}

function checkRepeats(context: NodeContext, count: number, rank: number): void {
  if (count !== rank) context.fail(`repeats has ${count} values; the input has rank ${rank}`);
}

function tiling(context: ViewContext, { shape, strides, offset }: View): Rearrangement {
  const repeats = context.integers(1) ?? context.fail('input 1 is missing');
  checkRepeats(context, repeats.length, shape.length);
  const view = {
    shape: shape.flatMap((size, axis) => [repeats[axis], size]),
    strides: strides.flatMap((stride) => [0, stride]),
    offset,
  };
  return { view, groups: shape.map((_, axis) => [2 * axis, 2 * axis + 1]) };
}

/** Operators that repeat elements. */
export const expandOperators: readonly Operator[] = [
  viewOperator('Expand', 8, inferExpand, (context, source) => [expandView(context, source)]),
  {
    type: 'Tile',
    domain: '',
    since: 6,
    valueInputs: [1],
    infer: inferTile,
    evaluate(context) {
      const x = context.input(0);
      return [takeRearrangement(x, tiling(evaluateViewContext(context), viewOf(x)))];
    },
    lower(context) {
      const x = context.input(0);
      context.output(0, emitRearrangement(context, x, tiling(lowerViewContext(context), x)));
    },
  },
];
