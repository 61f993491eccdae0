import { topKEmission } from '../kernels/top-k.js';
import type { Tensor } from '../tensor.js';
import { rowMajorStrides } from './elementwise.js';
import { fromNumbers, normalizeAxis, toNumbers } from './helpers.js';
import { forEachIndex } from './host-index.js';
import type {
  EvaluateContext,
  InferContext,
  InferResult,
  LowerContext,
  NodeContext,
  Operand,
  Operator,
} from './types.js';
import { take } from './views.js';

function readTopK(context: NodeContext, rank: number) {
  const { attributes } = context;
  return {
    axis: normalizeAxis(context, attributes.int('axis', -1), rank),
    isLargest: attributes.int('largest', 1) !== 0,
  };
}

/** k is an attribute before version 10, then an input of one element. */
function infer(context: InferContext): readonly InferResult[] {
  const { dataType, shape } = context.type(0);
  if (!shape) return [{ dataType }, { dataType: 'int64' }];
  const { axis } = readTopK(context, shape.length);
  const k = context.opset < 10 ? context.attributes.int('k') : (context.dims(1)?.[0] ?? context.unknown());
  const size = shape[axis];
  if (typeof k === 'number' && (k < 0 || (typeof size === 'number' && k > size))) {
    context.fail(`k is ${k}; it must be between 0 and the ${size} elements along axis ${axis}`);
  }
  const result = shape.map((length, i) => (i === axis ? k : length));
  return [
    { dataType, shape: result },
    { dataType: 'int64', shape: result },
  ];
}

/** NaN counts as the largest number. */
function compare(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  return a < b ? -1 : Number(a > b);
}

function evaluate(context: EvaluateContext): readonly Tensor[] {
  const x = context.input(0);
  const { axis, isLargest } = readTopK(context, x.dims.length);
  const k = context.opset < 10 ? context.attributes.int('k') : toNumbers(context.input(1))[0];
  if (k < 0 || k > x.dims[axis]) context.fail(`k is ${k}; axis ${axis} has ${x.dims[axis]} elements`);
  const dims = x.dims.map((length, i) => (i === axis ? k : length));
  const values = toNumbers(x);
  const [from, to] = [rowMajorStrides(x.dims), rowMajorStrides(dims)];
  const places = new Uint32Array(dims.reduce((total, size) => total * size, 1));
  const indices = new Float64Array(places.length);
  const rows = x.dims.map((length, i) => (i === axis ? 1 : length));
  forEachIndex(rows, (index) => {
    const start = index.reduce((at, position, i) => at + position * from[i], 0);
    const target = index.reduce((at, position, i) => at + position * to[i], 0);
    const order = Array.from({ length: x.dims[axis] }, (_, i) => i).sort((a, b) => {
      const difference = compare(values[start + a * from[axis]], values[start + b * from[axis]]);
      return (isLargest ? -difference : difference) || a - b;
    });
    for (let i = 0; i < k; i++) {
      places[target + i * to[axis]] = start + order[i] * from[axis];
      indices[target + i * to[axis]] = order[i];
    }
  });
  return [take(x, dims, places), fromNumbers('int64', dims, indices)];
}

/** Elements with their indices, along the last dimension; without indices their places are meant. */
interface Candidates {
  readonly values: Operand;
  readonly indices?: Operand;
}

/** The operand with one axis behind all others. */
function withAxisLast(operand: Operand, axis: number): Operand {
  const moved = (entries: readonly number[]) => [...entries.toSpliced(axis, 1), entries[axis]];
  return { ...operand, shape: moved(operand.shape), strides: moved(operand.strides) };
}

/** Elements [first, first + count * size) of the last dimension as [..., count, size]. */
function cut(operand: Operand, first: number, count: number, size: number): Operand {
  const step = operand.strides[operand.strides.length - 1];
  return {
    ...operand,
    shape: [...operand.shape.slice(0, -1), count, size],
    strides: [...operand.strides.slice(0, -1), size * step, step],
    offset: operand.offset + first * step,
  };
}

/** The k foremost of each part of `size` elements, one part after another: among them are the k foremost of all. */
function reduced(context: LowerContext, from: Candidates, k: number, size: number, isLargest: boolean): Candidates {
  const { shape } = from.values;
  const length = shape[shape.length - 1];
  const whole = Math.floor(length / size);
  const tail = length - whole * size;
  const keptOfTail = Math.min(k, tail);
  const kept = [...shape.slice(0, -1), whole * k + keptOfTail];
  const values = context.allocate({ dataType: from.values.dataType, shape: kept });
  const indices = context.allocate({ dataType: 'int64', shape: kept });
  const emit = (first: number, count: number, each: number, to: number, most: number) =>
    context.emit(
      topKEmission(
        {
          x: cut(from.values, first, count, each),
          origins: from.indices && cut(from.indices, first, count, each),
          values: cut(values, to, count, most),
          indices: cut(indices, to, count, most),
          isLargest,
          parts: { count, first },
        },
        context.profile,
      ),
    );
  emit(0, whole, size, 0, k);
  if (tail > 0) emit(whole * size, 1, tail, whole * k, keptOfTail);
  return { values, indices };
}

/** Shorter parts than this would leave the device idle. */
const leastPart = 1024;

function lower(context: LowerContext): void {
  const x = context.input(0);
  const { axis, isLargest } = readTopK(context, x.shape.length);
  if (context.opset >= 10 && !context.constant(1)) context.fail('k depends on data; it must be constant');
  const { shape } = context.outputType(0);
  const k = shape[axis];
  const part = Math.max(leastPart, 2 * k);
  let candidates: Candidates = { values: withAxisLast(x, axis) };
  while (k > 0 && candidates.values.shape[candidates.values.shape.length - 1] > 2 * part) {
    candidates = reduced(context, candidates, k, part, isLargest);
  }
  const values = context.allocate(context.outputType(0));
  const indices = context.allocate({ dataType: 'int64', shape });
  const problem = {
    x: candidates.values,
    origins: candidates.indices,
    values: withAxisLast(values, axis),
    indices: withAxisLast(indices, axis),
    isLargest,
  };
  context.emit(topKEmission(problem, context.profile));
  context.output(0, values);
  if (context.hasOutput(1)) context.output(1, indices);
}

export const topKOperators: readonly Operator[] = [
  { type: 'TopK', domain: '', since: 1, infer, evaluate, lower, valueInputs: [1] },
];
