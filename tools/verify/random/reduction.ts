import { count, type Value } from './builder.js';
import type { Step } from './elementwise.js';
import type { Random } from './random.js';

function someAxes(random: Random, rank: number): number[] {
  return random
    .shuffled(Array.from({ length: rank }, (_, i) => i))
    .slice(0, random.int(1, rank))
    .sort((a, b) => a - b);
}

function reduced(dims: readonly number[], axes: readonly number[], keeps: boolean): number[] {
  return dims.flatMap((size, axis) => (axes.includes(axis) ? (keeps ? [1] : []) : [size]));
}

/** Bounds by the number of elements reduced, and whether there must be one at least. */
const reductions: Readonly<Record<string, { bound: (b: number, n: number) => number; needsElements?: boolean }>> = {
  ReduceSum: { bound: (b, n) => b * n },
  ReduceL1: { bound: (b, n) => b * n },
  ReduceL2: { bound: (b, n) => b * Math.sqrt(n) },
  ReduceSumSquare: { bound: (b, n) => b * b * n },
  ReduceMean: { bound: (b) => b, needsElements: true },
  ReduceMax: { bound: (b) => b, needsElements: true },
  ReduceMin: { bound: (b) => b, needsElements: true },
  ReduceLogSumExp: { bound: (b, n) => b + Math.log(n + 1), needsElements: true },
};

/** Axes are counted from the end only where there are elements: without any onnxruntime 1.30 takes such axes wrongly. */
const reduce: Step = ({ random, add, vector }, x) => {
  const rank = x.dims.length;
  if (x.kind !== 'float32' || rank === 0 || x.bound > 20) return undefined;
  const axes = someAxes(random, rank);
  const length = count(axes.map((axis) => x.dims[axis]));
  const names = Object.keys(reductions).filter((name) => length > 0 || !reductions[name].needsElements);
  const opType = random.pick(names);
  const keeps = random.chance(0.5);
  const given = axes.map((axis) => (count(x.dims) > 0 && random.chance(0.3) ? axis - rank : axis));
  const isExact = x.isExact && (opType === 'ReduceMax' || opType === 'ReduceMin');
  const bound = Math.max(x.bound, reductions[opType].bound(x.bound, length));
  const result = { kind: x.kind, dims: reduced(x.dims, axes, keeps), bound, isExact };
  return add(opType, [x, vector(given)], [result], { keepdims: keeps ? 1 : 0 });
};

/** Integers are summed exactly. */
const integerReduce: Step = ({ random, add, vector }, x) => {
  const rank = x.dims.length;
  if ((x.kind !== 'int32' && x.kind !== 'int64') || rank === 0) return undefined;
  const axes = someAxes(random, rank);
  const length = count(axes.map((axis) => x.dims[axis]));
  const opType = length > 0 ? random.pick(['ReduceSum', 'ReduceMax', 'ReduceMin']) : 'ReduceSum';
  const keeps = random.chance(0.5);
  const bound = opType === 'ReduceSum' ? x.bound * Math.max(1, length) : x.bound;
  const result = { ...x, dims: reduced(x.dims, axes, keeps), bound };
  return add(opType, [x, vector(axes)], [result], { keepdims: keeps ? 1 : 0 });
};

const arg: Step = ({ random, add }, x) => {
  const rank = x.dims.length;
  if (!x.isExact || x.kind === 'bool' || x.kind === 'int64' || rank === 0) return undefined;
  const axis = random.int(0, rank - 1);
  if (x.dims[axis] === 0) return undefined;
  const keeps = random.chance(0.5);
  const result = { kind: 'int64' as const, dims: reduced(x.dims, [axis], keeps), bound: x.dims[axis], isExact: true };
  const isNegative = count(x.dims) > 0 && random.chance(0.5);
  const attributes = { axis: isNegative ? axis - rank : axis, keepdims: keeps ? 1 : 0 };
  return add(random.pick(['ArgMax', 'ArgMin']), [x], [result], attributes);
};

const softmax: Step = ({ random, add }, x) => {
  const rank = x.dims.length;
  if (x.kind !== 'float32' || rank === 0) return undefined;
  const axis = random.int(-rank, rank - 1);
  const opType = random.pick(['Softmax', 'LogSoftmax']);
  const bound = opType === 'Softmax' ? 1 : 2 * x.bound + 10;
  return add(opType, [x], [{ ...x, bound, isExact: false }], { axis });
};

const cumulative: Step = ({ random, add, scalar }, x) => {
  const rank = x.dims.length;
  if (x.kind === 'bool' || rank === 0 || x.bound > 50) return undefined;
  const axis = random.int(-rank, rank - 1);
  const size = x.dims[axis < 0 ? axis + rank : axis];
  const result = { ...x, bound: x.bound * Math.max(1, size), isExact: x.isExact && x.kind !== 'float32' };
  const attributes = { exclusive: random.int(0, 1), reverse: random.int(0, 1) };
  return add('CumSum', [x, scalar('int64', axis)], [result], attributes);
};

/** The largest or smallest elements; onnxruntime 1.30 divides by zero where there are none. */
const topK: Step = ({ random, add, vector }, x) => {
  const rank = x.dims.length;
  if (x.kind !== 'float32' || !x.isExact || rank === 0 || count(x.dims) === 0) return undefined;
  const axis = random.int(0, rank - 1);
  const k = random.int(0, x.dims[axis]);
  const dims = x.dims.map((size, i) => (i === axis ? k : size));
  const attributes = { axis, largest: random.int(0, 1), sorted: 1 };
  const indices = { kind: 'int64' as const, dims, bound: x.dims[axis], isExact: true };
  const [values] = add('TopK', [x, vector([k])], [{ ...x, dims }, indices], attributes);
  return [values];
};

const layerNormalization: Step = ({ random, add, constant }, x) => {
  const rank = x.dims.length;
  if (x.kind !== 'float32' || rank === 0 || count(x.dims) === 0) return undefined;
  const axis = random.int(0, rank - 1);
  const shape = x.dims.slice(axis);
  const [scale, bias] = [constant('float32', shape, [0.5, 1.5]), constant('float32', shape, [-1, 1])];
  const bound = 1.5 * Math.sqrt(count(shape)) + 1;
  return add('LayerNormalization', [x, scale, bias], [{ ...x, bound, isExact: false } satisfies Value], {
    axis,
    epsilon: 0.01,
  });
};

/** Steps that combine the elements along axes. */
export const reductionSteps: readonly Step[] = [
  reduce,
  reduce,
  integerReduce,
  arg,
  softmax,
  cumulative,
  topK,
  layerNormalization,
];
