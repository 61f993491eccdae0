import { copyEmission } from '../kernels/copy.js';
import { scaledCopyEmission } from '../kernels/scaled-copy.js';
import { scatterEmission, type ScatterReduction } from '../kernels/scatter.js';
import type { Tensor } from '../tensor.js';
import { rowMajorStrides } from './elementwise.js';
import { checkConstantIndices, checkConstantVectors, checkedIndex } from './host-index.js';
import { fromNumbers, normalizeAxis, productOfDims, showDims, toNumbers } from './helpers.js';
import type { EvaluateContext, LowerContext, NodeContext, Operand, Operator } from './types.js';

type Combine = (before: number, update: number) => number;

const reductions: Readonly<Record<string, Combine>> = {
  none: (_, update) => update,
  add: (before, update) => before + update,
  mul: (before, update) => before * update,
  min: Math.min,
  max: Math.max,
};

function combineOf(context: NodeContext): Combine {
  const reduction = context.attributes.string('reduction', 'none');
  return reductions[reduction] ?? context.fail(`reduction is "${reduction}"; it must be none, add, mul, min or max`);
}

/** Applies updates at places of the data. */
function scattered(context: EvaluateContext, placeOf: (i: number) => number): readonly Tensor[] {
  const [data, updates] = [context.input(0), context.input(2)];
  const combine = combineOf(context);
  const result = toNumbers(data);
  toNumbers(updates).forEach((update, i) => {
    const at = placeOf(i);
    result[at] = combine(result[at], update);
  });
  return [fromNumbers(data.dataType, data.dims, result)];
}

function elementsAxis(context: NodeContext, rank: number): number {
  return normalizeAxis(context, context.attributes.int('axis', 0), rank);
}

function evaluateElements(context: EvaluateContext): readonly Tensor[] {
  const [data, indices] = [context.input(0), context.input(1)];
  const axis = elementsAxis(context, data.dims.length);
  const chosen = toNumbers(indices);
  const [to, from] = [rowMajorStrides(data.dims), rowMajorStrides(indices.dims)];
  return scattered(context, (i) =>
    indices.dims.reduce((at, size, k) => {
      const position = k === axis ? checkedIndex(context, chosen[i], data.dims[k]) : Math.floor(i / from[k]) % size;
      return at + position * to[k];
    }, 0),
  );
}

/** How many leading dimensions of the data each vector of indices chooses in. */
function ndDepth(context: NodeContext, data: readonly number[], indices: readonly number[]): number {
  const depth = indices.at(-1) ?? 0;
  if (depth < 1 || depth > data.length) {
    context.fail(`indices ${showDims(indices)} do not index the data ${showDims(data)}`);
  }
  return depth;
}

function evaluateNd(context: EvaluateContext): readonly Tensor[] {
  const [data, indices] = [context.input(0), context.input(1)];
  const depth = ndDepth(context, data.dims, indices.dims);
  const strides = rowMajorStrides(data.dims);
  const chosen = toNumbers(indices);
  const inner = productOfDims(data.dims.slice(depth)) as number;
  return scattered(context, (i) => {
    const vector = Math.floor(i / inner) * depth;
    let at = i % inner;
    for (let k = 0; k < depth; k++) at += checkedIndex(context, chosen[vector + k], data.dims[k]) * strides[k];
    return at;
  });
}

interface Target {
  readonly output: Operand;
  readonly reduction?: ScatterReduction;
}

/** A copy of the data to scatter into: in f32 where halves are to be combined, for which there are no atomic operations. */
function copyOfData(context: LowerContext): Target {
  combineOf(context);
  const reduction = context.attributes.string('reduction', 'none');
  const type = context.outputType(0);
  const data = context.input(0);
  if (reduction === 'none' || data.elementType !== 'f16') {
    const output = context.allocate(type);
    context.emit(copyEmission(context.profile, data, output));
    return reduction === 'none' ? { output } : { output, reduction: reduction as ScatterReduction };
  }
  const { shape } = type;
  const wide = context.scratch(Math.max(4, 4 * (productOfDims(shape) as number)));
  const output: Operand = { ...wide, shape, strides: rowMajorStrides(shape) };
  context.emit(scaledCopyEmission(data, output, 1, context.profile));
  return { output, reduction: reduction as ScatterReduction };
}

function finish(context: LowerContext, output: Operand): void {
  const type = context.outputType(0);
  const { elementType } = context.input(0);
  if (output.elementType === elementType) return context.output(0, output);
  const narrow = context.allocate(type);
  context.emit(scaledCopyEmission(output, narrow, 1, context.profile));
  context.output(0, narrow);
}

function lowerElements(context: LowerContext): void {
  const [indices, updates] = [context.input(1), context.input(2)];
  const { output, reduction } = copyOfData(context);
  const axis = elementsAxis(context, output.shape.length);
  const problem = {
    updates,
    indices,
    output,
    sizes: updates.shape,
    updateStrides: updates.strides,
    indexStrides: indices.strides,
    outputStrides: output.strides.map((stride, k) => (k === axis ? 0 : stride)),
    dimensions: [{ size: output.shape[axis], stride: output.strides[axis] }],
    indexStride: 0,
    reduction,
  };
  context.emit(scatterEmission(problem, context.profile));
  finish(context, output);
}

function lowerNd(context: LowerContext): void {
  const [indices, updates] = [context.input(1), context.input(2)];
  const { output, reduction } = copyOfData(context);
  const depth = ndDepth(context, output.shape, indices.shape);
  const lead = indices.shape.length - 1;
  const rest = output.strides.slice(depth);
  const problem = {
    updates,
    indices,
    output,
    sizes: updates.shape,
    updateStrides: updates.strides,
    indexStrides: [...indices.strides.slice(0, lead), ...rest.map(() => 0)],
    outputStrides: [...indices.shape.slice(0, lead).map(() => 0), ...rest],
    dimensions: Array.from({ length: depth }, (_, k) => ({ size: output.shape[k], stride: output.strides[k] })),
    indexStride: indices.strides[lead],
    reduction,
  };
  context.emit(scatterEmission(problem, context.profile));
  finish(context, output);
}

/** Operators that overwrite elements by index, or combine them with what is there. */
export const scatterOperators: readonly Operator[] = [
  ...[
    { type: 'Scatter', since: 9 },
    { type: 'ScatterElements', since: 11 },
  ].map(({ type, since }): Operator => ({
    type,
    domain: '',
    since,
    infer(context) {
      const { shape } = context.type(0);
      if (shape) checkConstantIndices(context, elementsAxis(context, shape.length));
      return [context.type(0)];
    },
    evaluate: evaluateElements,
    lower: lowerElements,
  })),
  {
    type: 'ScatterND',
    domain: '',
    since: 11,
    infer(context) {
      checkConstantVectors(context, 0);
      return [context.type(0)];
    },
    evaluate: evaluateNd,
    lower: lowerNd,
  },
];
