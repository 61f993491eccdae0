import type { Dim } from '../graph.js';
import { denseStrides } from '../program/layout.js';
import type { Tensor } from '../tensor.js';
import { emitElementwise, rowMajorStrides } from './elementwise.js';
import { fromNumbers, integersOf, normalizeAxis, toNumbers } from './helpers.js';
import { forEachIndex, product } from './host-index.js';
import { lowerMatrixProduct } from './matrix-product.js';
import type { EvaluateContext, InferContext, InferResult, LowerContext, NodeContext, Operator } from './types.js';

/** A transform of `count` numbers (or pairs) into `results`, of the length `length`. */
interface Transform {
  readonly axis: number;
  readonly length: number;
  readonly count: number;
  readonly results: number;
  /** Numbers of an input element and of a result: 1 real, 2 complex. */
  readonly parts: number;
  readonly resultParts: number;
  readonly isInverse: boolean;
}

/** The axis is an attribute before version 20, then the third input; the last dimension holds the parts. */
function axisOf(context: NodeContext, tensor: Tensor | undefined, rank: number): number {
  if (context.opset < 20) return normalizeAxis(context, context.attributes.int('axis', 1), rank);
  if (context.hasInput(2) && !tensor) return context.fail('axis depends on data; it must be constant');
  return normalizeAxis(context, integersOf(tensor)?.[0] ?? -2, rank);
}

function readTransform(context: NodeContext, shape: readonly number[], axis: number, given: number | undefined) {
  const isInverse = context.attributes.int('inverse', 0) !== 0;
  const isOnesided = context.attributes.int('onesided', 0) !== 0;
  const [size, parts] = [shape[axis], shape[shape.length - 1]];
  if (axis === shape.length - 1 || (parts !== 1 && parts !== 2)) {
    context.fail(`the input [${shape.join(', ')}] must end in a dimension of 1 or 2 that is not the axis ${axis}`);
  }
  const half = isInverse && isOnesided;
  const length = given ?? (half ? 2 * (size - 1) : size);
  if (length < 1) context.fail(`the length of the transform is ${length}; it must be positive`);
  const transform: Transform = {
    axis,
    length,
    count: Math.min(size, half ? Math.floor(length / 2) + 1 : length),
    results: isOnesided && !isInverse ? Math.floor(length / 2) + 1 : length,
    parts,
    resultParts: half ? 1 : 2,
    isInverse,
  };
  return transform;
}

function resultShape(shape: readonly number[], { axis, results, resultParts }: Transform): number[] {
  return [...shape.map((size, i) => (i === axis ? results : size)).slice(0, -1), resultParts];
}

/** The transform as a matrix [count * parts, results * resultParts]. */
function matrixOf({ length, count, results, parts, resultParts, isInverse }: Transform): Float32Array<ArrayBuffer> {
  const columns = results * resultParts;
  const matrix = new Float32Array(count * parts * columns);
  forEachIndex([count, parts, results, resultParts], ([n, part, k, resultPart], flat) => {
    const angle = ((isInverse ? 2 : -2) * Math.PI * ((n * k) % length)) / length;
    const value = part === resultPart ? Math.cos(angle) : (part === 1 ? -1 : 1) * Math.sin(angle);
    const isMirrored = resultParts === 1 && n !== 0 && 2 * n !== length;
    matrix[flat] = (value * (isMirrored ? 2 : 1)) / (isInverse ? length : 1);
  });
  return matrix;
}

function infer(context: InferContext): readonly InferResult[] {
  const { dataType, shape } = context.type(0);
  if (!shape) return [{ dataType }];
  const length = context.hasInput(1) ? context.dims(1)?.[0] : undefined;
  const isKnown = shape.every((size) => typeof size === 'number') && (!context.hasInput(1) || length !== undefined);
  const isAxisKnown = context.opset < 20 || !context.hasInput(2) || context.constant(2) !== undefined;
  if (!isKnown || !isAxisKnown || typeof length === 'string') {
    return [{ dataType, shape: shape.map((): Dim => context.unknown()) }];
  }
  const axis = axisOf(context, context.opset < 20 ? undefined : optionalConstant(context), shape.length);
  const sizes = shape as readonly number[];
  return [{ dataType, shape: resultShape(sizes, readTransform(context, sizes, axis, length)) }];
}

function optionalConstant(context: InferContext | LowerContext): Tensor | undefined {
  return context.hasInput(2) ? context.constant(2) : undefined;
}

function evaluate(context: EvaluateContext): readonly Tensor[] {
  const x = context.input(0);
  const axis = axisOf(context, context.opset < 20 ? undefined : context.optional(2), x.dims.length);
  const transform = readTransform(context, x.dims, axis, integersOf(context.optional(1))?.[0]);
  const dims = resultShape(x.dims, transform);
  const { count, parts, results, resultParts } = transform;
  const [matrix, values, strides] = [matrixOf(transform), toNumbers(x), rowMajorStrides(x.dims)];
  const columns = results * resultParts;
  const result = new Float64Array(product(dims));
  forEachIndex(dims, (index, flat) => {
    const last = dims.length - 1;
    const start = index.reduce((at, i, d) => (d === axis || d === last ? at : at + i * strides[d]), 0);
    const column = index[axis] * resultParts + index[last];
    for (let row = 0; row < count * parts; row++) {
      const at = start + Math.floor(row / parts) * strides[axis] + (row % parts);
      result[flat] += values[at] * matrix[row * columns + column];
    }
  });
  return [fromNumbers(x.dataType, dims, result)];
}

/** One product with the matrix of the transform, which takes length^2 work: signals are short. */
function lower(context: LowerContext): void {
  const x = context.input(0);
  const axis = axisOf(context, context.opset < 20 ? undefined : optionalConstant(context), x.shape.length);
  const given = context.hasInput(1) ? context.constant(1) : undefined;
  if (context.hasInput(1) && !given) context.fail('dft_length depends on data; it must be constant');
  const transform = readTransform(context, x.shape, axis, integersOf(given)?.[0]);
  const { length, count, parts, results, resultParts, isInverse } = transform;
  const [k, n] = [count * parts, results * resultParts];
  if (k * n * 4 > context.profile.maxStorageBinding) context.fail(`a transform of length ${length} is too long`);
  const last = x.shape.length - 1;
  const outer = x.shape.map((_, d) => d).filter((d) => d !== axis && d !== last);
  const order = [...outer, axis, last];
  const moved = { ...x, shape: order.map((d) => x.shape[d]), strides: order.map((d) => x.strides[d]) };
  const dense = context.withLayout(moved, 'row-major');
  const m = product(outer.map((d) => x.shape[d]));
  const key = `dft/${[length, count, parts, results, resultParts, Number(isInverse)].join('/')}`;
  const table = { ...context.table(key, 'f32', matrixOf(transform)), shape: [k, n], strides: [n, 1] };
  const { dataType } = context.outputType(0);
  const cast = { label: 'cast', wgsl: 'return R(a);' };
  const b = x.elementType === 'f32' ? table : emitElementwise(context, cast, [table], { dataType, shape: [k, n] });
  const y = context.allocate({ dataType, shape: [m, n] });
  lowerMatrixProduct(context, { a: { ...dense, shape: [m, k], strides: [x.shape[axis] * parts, 1] }, b, y });
  const shape = resultShape(x.shape, transform);
  const strides = denseStrides(
    order.map((d) => shape[d]),
    'row-major',
  );
  context.output(0, { ...y, shape, strides: shape.map((_, d) => strides[order.indexOf(d)]) });
}

export const dftOperators: readonly Operator[] = [
  { type: 'DFT', domain: '', since: 17, infer, evaluate, lower, valueInputs: [1, 2] },
];
