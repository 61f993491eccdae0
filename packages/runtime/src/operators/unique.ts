import type { Tensor } from '../tensor.js';
import { concatTensors } from './concat.js';
import { sliceAt } from './control.js';
import { fromNumbers, normalizeAxis, toNumbers } from './helpers.js';
import type { EvaluateContext, InferContext, InferResult, NodeContext, Operator } from './types.js';
import { take } from './views.js';

function infer(context: InferContext): readonly InferResult[] {
  const { dataType, shape } = context.type(0);
  const axis = axisOf(context, shape?.length);
  const count = context.unknown();
  const list = (length: InferResult['shape']) => ({ dataType: 'int64' as const, shape: length });
  const whole = axis === undefined ? [count] : shape?.map((size, i) => (i === axis ? count : size));
  const inverse = axis === undefined ? [context.unknown()] : shape && [shape[axis]];
  return [{ dataType, shape: whole }, list([count]), list(inverse), list([count])];
}

/** Undefined where the elements themselves are compared. */
function axisOf(context: NodeContext, rank: number | undefined): number | undefined {
  if (!context.attributes.has('axis') || rank === undefined) return undefined;
  return normalizeAxis(context, context.attributes.int('axis'), rank);
}

type Item = readonly (string | number)[];

/** Lexicographic; NaN counts as the largest number. */
function compare(a: Item, b: Item): number {
  for (let i = 0; i < a.length; i++) {
    if (Object.is(a[i], b[i]) || a[i] === b[i]) continue;
    if (Number.isNaN(a[i]) || Number.isNaN(b[i])) return Number.isNaN(a[i]) ? 1 : -1;
    return a[i] < b[i] ? -1 : 1;
  }
  return 0;
}

/** What is compared: elements, or slices along the axis. */
function itemsOf(x: Tensor, axis: number | undefined): readonly Item[] {
  const elements = (tensor: Tensor): Item =>
    tensor.dataType === 'string' ? (tensor.data as readonly string[]) : Array.from(toNumbers(tensor));
  if (axis === undefined) return elements(x).map((element) => [element]);
  return Array.from({ length: x.dims[axis] }, (_, i) => elements(sliceAt(x, axis, i)));
}

function evaluate(context: EvaluateContext): readonly Tensor[] {
  const x = context.input(0);
  const axis = axisOf(context, x.dims.length);
  const items = itemsOf(x, axis);
  const order = items.map((_, i) => i).sort((a, b) => compare(items[a], items[b]) || a - b);
  const groups: number[][] = [];
  for (const i of order) {
    const group = groups.at(-1);
    if (group && compare(items[group[0]], items[i]) === 0) group.push(i);
    else groups.push([i]);
  }
  if (context.attributes.int('sorted', 1) === 0) groups.sort((a, b) => a[0] - b[0]);
  const firsts = groups.map(([first]) => first);
  const inverse = new Float64Array(items.length);
  groups.forEach((group, i) => group.forEach((item) => (inverse[item] = i)));
  return [
    chosen(x, axis, firsts),
    fromNumbers('int64', [firsts.length], firsts),
    fromNumbers('int64', [items.length], inverse),
    fromNumbers(
      'int64',
      [firsts.length],
      groups.map((group) => group.length),
    ),
  ];
}

function chosen(x: Tensor, axis: number | undefined, positions: readonly number[]): Tensor {
  if (axis === undefined) return take(x, [positions.length], Uint32Array.from(positions));
  if (positions.length === 0) return take(x, x.dims.with(axis, 0), new Uint32Array(0));
  const slices = positions.map((at) => sliceAt(x, axis, at));
  return concatTensors(
    slices.map((slice) => ({ ...slice, dims: x.dims.with(axis, 1) })),
    axis,
  );
}

/** Unique: each value once; how many there are only the data tell. */
export const uniqueOperators: readonly Operator[] = [{ type: 'Unique', domain: '', since: 11, infer, evaluate }];
