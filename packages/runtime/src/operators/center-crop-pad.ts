import type { Dim } from '../graph.js';
import { padEmission } from '../kernels/pad.js';
import type { Tensor } from '../tensor.js';
import { rowMajorStrides } from './elementwise.js';
import { fromNumbers, normalizeAxes, toNumbers } from './helpers.js';
import { forEachIndex, product } from './host-index.js';
import type { EvaluateContext, InferContext, InferResult, LowerContext, NodeContext, Operator } from './types.js';

/** The output's shape: the sizes asked for, at the axes they are for. */
function targetShape(context: NodeContext, shape: readonly Dim[], sizes: readonly Dim[]): readonly Dim[] {
  const all = shape.map((_, axis) => axis);
  const axes = normalizeAxes(context, context.attributes.ints('axes', all), shape.length);
  if (axes.length !== sizes.length) {
    context.fail(`shape has ${sizes.length} sizes; they are for ${axes.length} axes`);
  }
  return shape.map((size, axis) => (axes.includes(axis) ? sizes[axes.indexOf(axis)] : size));
}

function infer(context: InferContext): readonly InferResult[] {
  const { dataType, shape } = context.type(0);
  const sizes = context.dims(1);
  if (!shape || !sizes) return [{ dataType, shape: shape?.map(() => context.unknown()) }];
  return [{ dataType, shape: targetShape(context, shape, sizes) }];
}

/** Elements put before the first, negative where some are cut: of an odd number the smaller half. */
function before(shape: readonly number[], target: readonly number[]): number[] {
  return shape.map((size, axis) => Math.trunc((target[axis] - size) / 2));
}

function evaluate(context: EvaluateContext): readonly Tensor[] {
  const x = context.input(0);
  const dims = targetShape(context, x.dims, Array.from(toNumbers(context.input(1)))) as readonly number[];
  const shifts = before(x.dims, dims);
  const strides = rowMajorStrides(x.dims);
  const values = toNumbers(x);
  const result = new Float64Array(product(dims));
  forEachIndex(dims, (index, flat) => {
    const source = index.map((position, axis) => position - shifts[axis]);
    if (source.some((position, axis) => position < 0 || position >= x.dims[axis])) return;
    result[flat] = values[source.reduce((at, position, axis) => at + position * strides[axis], 0)];
  });
  return [fromNumbers(x.dataType, dims, result)];
}

function lower(context: LowerContext): void {
  const x = context.input(0);
  if (!context.constant(1)) context.fail('shape depends on data; it must be constant');
  const y = context.allocate(context.outputType(0), context.layoutOf(x) ?? 'row-major');
  context.emit(padEmission('constant', x, undefined, y, before(x.shape, y.shape), context.profile));
  context.output(0, y);
}

export const centerCropPadOperators: readonly Operator[] = [
  { type: 'CenterCropPad', domain: '', since: 18, infer, evaluate, lower, valueInputs: [1] },
];
