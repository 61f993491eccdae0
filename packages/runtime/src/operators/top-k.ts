import { topKEmission } from '../kernels/top-k.js';
import type { Tensor } from '../tensor.js';
import { rowMajorStrides } from './elementwise.js';
import { fromNumbers, normalizeAxis, toNumbers } from './helpers.js';
import { forEachIndex } from './host-index.js';
import type { EvaluateContext, InferContext, InferResult, LowerContext, NodeContext, Operator } from './types.js';
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

function lower(context: LowerContext): void {
  const x = context.input(0);
  const options = readTopK(context, x.shape.length);
  if (context.opset >= 10 && !context.constant(1)) context.fail('k depends on data; it must be constant');
  const { shape } = context.outputType(0);
  const values = context.allocate(context.outputType(0));
  const indices = context.allocate({ dataType: 'int64', shape });
  context.emit(topKEmission(x, { values, indices }, options, context.profile));
  context.output(0, values);
  if (context.hasOutput(1)) context.output(1, indices);
}

export const topKOperators: readonly Operator[] = [
  { type: 'TopK', domain: '', since: 1, infer, evaluate, lower, valueInputs: [1] },
];
