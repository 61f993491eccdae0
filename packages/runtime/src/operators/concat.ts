import type { Dim } from '../graph.js';
import { concatEmissions } from '../kernels/concat.js';
import { copyEmission } from '../kernels/copy.js';
import type { Tensor } from '../tensor.js';
import { isSamePlace, joinedView, orderOf, windowsOf } from '../program/placement.js';
import { rowMajorStrides, stridedIndices } from './elementwise.js';
import { addDims, isInteger, newArray, normalizeAxis, productOfDims, showDims } from './helpers.js';
import type { EvaluateContext, InferContext, InferResult, LowerContext, Operand, Operator } from './types.js';

function infer(context: InferContext): readonly InferResult[] {
  if (context.inputCount === 0) context.fail('there is no input; at least one is needed');
  const types = Array.from({ length: context.inputCount }, (_, i) => context.type(i));
  const { dataType } = types[0];
  const shapes = types.map((type) => type.shape);
  const known = shapes.find((shape) => shape !== undefined);
  if (!known) return [{ dataType }];
  const axis = normalizeAxis(context, context.attributes.int('axis'), known.length);
  const shape = known.map((_, i) => (i === axis ? joinedDim(context, shapes, i) : commonDim(context, shapes, i)));
  return [{ dataType, shape, dims: isInteger(dataType) && shape.length === 1 ? joinedDims(context) : undefined }];
}

function joinedDim(context: InferContext, shapes: readonly (readonly Dim[] | undefined)[], axis: number): Dim {
  if (shapes.some((shape) => shape === undefined)) return context.unknown();
  return shapes.reduce<Dim>((total, shape) => addDims(total, shape![axis] ?? 0), 0);
}

function commonDim(context: InferContext, shapes: readonly (readonly Dim[] | undefined)[], axis: number): Dim {
  const rank = shapes.find((shape) => shape !== undefined)!.length;
  const sizes = shapes.flatMap((shape) => (shape ? [shape[axis]] : []));
  const numbers = sizes.filter((size) => typeof size === 'number');
  if (new Set(numbers).size > 1 || shapes.some((shape) => shape && shape.length !== rank)) {
    context.fail(`the inputs ${shapes.map(showDims).join(', ')} differ outside the axis of concatenation`);
  }
  return numbers[0] ?? sizes[0];
}

function joinedDims(context: InferContext): readonly Dim[] | undefined {
  const parts = Array.from({ length: context.inputCount }, (_, i) => context.dims(i));
  return parts.every((part) => part !== undefined) ? parts.flatMap((part) => part!) : undefined;
}

function joinedShape(shapes: readonly (readonly number[])[], axis: number): number[] {
  const total = shapes.reduce((sum, shape) => sum + shape[axis], 0);
  return shapes[0].map((size, i) => (i === axis ? total : size));
}

function evaluate(context: EvaluateContext): readonly Tensor[] {
  const inputs = Array.from({ length: context.inputCount }, (_, i) => context.input(i));
  const axis = normalizeAxis(context, context.attributes.int('axis'), inputs[0].dims.length);
  return [concatTensors(inputs, axis)];
}

/** Tensors of one type side by side along an axis; they agree in all other sizes. */
export function concatTensors(inputs: readonly Tensor[], axis: number): Tensor {
  const dims = joinedShape(
    inputs.map((input) => input.dims),
    axis,
  );
  const strides = rowMajorStrides(dims);
  const { dataType } = inputs[0];
  const data = newArray(dataType, productOfDims(dims) as number) as Float32Array;
  let first = 0;
  for (const input of inputs) {
    const source = input.data as Float32Array;
    stridedIndices(input.dims, strides, first * strides[axis]).forEach((at, i) => (data[at] = source[i]));
    first += input.dims[axis];
  }
  return { dataType, dims, data };
}

/**
 * Each input that was not made in its window of the output is copied there; inputs that stand side by side already are the
 * output as they are. The output is channels-last where most elements come so.
 */
function lower(context: LowerContext): void {
  const inputs = Array.from({ length: context.inputCount }, (_, i) => context.input(i));
  if (inputs.length === 1) return context.output(0, inputs[0]);
  const type = context.outputType(0);
  const axis = normalizeAxis(context, context.attributes.int('axis'), type.shape.length);
  const count = (isLast: boolean) =>
    inputs
      .filter((input) => (orderOf(input) === 'channels-last') === isLast)
      .reduce((sum, input) => sum + (productOfDims(input.shape) as number), 0);
  const joined = joinedView(inputs, type.shape, axis);
  if (joined) return context.output(0, joined);
  const output = context.concatenation(count(true) > count(false) ? 'channels-last' : 'row-major');
  const windows = windowsOf(
    output,
    inputs.map((input) => input.shape),
    axis,
  );
  const missing = inputs.map((from, i) => ({ from, to: windows[i] })).filter(({ from, to }) => !isSamePlace(from, to));
  const parts = missing.map(({ from, to }) => ({ from: from.buffer === to.buffer ? copied(context, from) : from, to }));
  for (const emission of concatEmissions(context.profile, parts)) context.emit(emission);
  context.output(0, output);
}

/** A copy of an operand in a buffer of its own: no dispatch may read the buffer it writes to. */
function copied(context: LowerContext, operand: Operand): Operand {
  const copy = context.allocate(operand, orderOf(operand));
  context.emit(copyEmission(context.profile, operand, copy));
  return copy;
}

export const concatOperators: readonly Operator[] = [{ type: 'Concat', domain: '', since: 4, infer, evaluate, lower }];
