import type { Dim } from '../graph.js';
import { gatherEmission } from '../kernels/gather.js';
import type { Tensor } from '../tensor.js';
import { rowMajorStrides } from './elementwise.js';
import { isInteger, normalizeAxis, productOfDims, showDims, toNumbers } from './helpers.js';
import { checkConstantIndices, checkConstantVectors, checkedIndex } from './host-index.js';
import type { EvaluateContext, InferContext, InferResult, LowerContext, NodeContext, Operator } from './types.js';
import { take } from './views.js';

function axisOf(context: NodeContext, rank: number): number {
  return normalizeAxis(context, context.attributes.int('axis', 0), rank);
}

function inferGather(context: InferContext): readonly InferResult[] {
  const { dataType, shape } = context.type(0);
  const indices = context.type(1).shape;
  if (!shape || !indices) return [{ dataType }];
  const axis = axisOf(context, shape.length);
  checkConstantIndices(context, axis);
  const result = [...shape.slice(0, axis), ...indices, ...shape.slice(axis + 1)];
  const content = shape.length === 1 && indices.length <= 1 && isInteger(dataType) ? context.dims(0) : undefined;
  const constant = content && context.constant(1);
  if (!content || !constant) return [{ dataType, shape: result }];
  const dims = Array.from(toNumbers(constant), (index) => content[checkedIndex(context, index, content.length)]);
  return [{ dataType, shape: result, dims }];
}

function evaluateGather(context: EvaluateContext): readonly Tensor[] {
  const [data, indices] = [context.input(0), context.input(1)];
  const axis = axisOf(context, data.dims.length);
  const size = data.dims[axis];
  const chosen = Array.from(toNumbers(indices), (index) => checkedIndex(context, index, size));
  const outer = productOfDims(data.dims.slice(0, axis)) as number;
  const inner = productOfDims(data.dims.slice(axis + 1)) as number;
  const places = new Uint32Array(outer * chosen.length * inner);
  let i = 0;
  for (let o = 0; o < outer; o++) {
    for (const index of chosen) for (let k = 0; k < inner; k++) places[i++] = (o * size + index) * inner + k;
  }
  return [take(data, [...data.dims.slice(0, axis), ...indices.dims, ...data.dims.slice(axis + 1)], places)];
}

/** One constant index is a view; else the kernel looks every element up. */
function lowerGather(context: LowerContext): void {
  const data = context.input(0);
  const axis = axisOf(context, data.shape.length);
  const before = <T>(values: readonly T[]) => values.slice(0, axis);
  const after = <T>(values: readonly T[]) => values.slice(axis + 1);
  const size = data.shape[axis];
  const constant = context.constant(1);
  if (constant && productOfDims(constant.dims) === 1) {
    const index = checkedIndex(context, toNumbers(constant)[0], size);
    const ones = constant.dims.map(() => 1);
    const shape = [...before(data.shape), ...ones, ...after(data.shape)];
    const strides = [...before(data.strides), ...ones.map(() => 0), ...after(data.strides)];
    return context.output(0, { ...data, shape, strides, offset: data.offset + index * data.strides[axis] });
  }
  const indices = context.input(1);
  const output = context.allocate(context.outputType(0));
  const none = indices.shape.map(() => 0);
  const problem = {
    data,
    indices,
    output,
    sizes: output.shape,
    dataStrides: [...before(data.strides), ...none, ...after(data.strides)],
    indexStrides: [...before(data.shape).map(() => 0), ...indices.strides, ...after(data.shape).map(() => 0)],
    outputStrides: output.strides,
    dimensions: [{ size, stride: data.strides[axis] }],
    indexStride: 0,
  };
  context.emit(gatherEmission(problem, context.profile));
  context.output(0, output);
}

function evaluateElements(context: EvaluateContext): readonly Tensor[] {
  const [data, indices] = [context.input(0), context.input(1)];
  const axis = axisOf(context, data.dims.length);
  const chosen = toNumbers(indices);
  const [from, to] = [rowMajorStrides(data.dims), rowMajorStrides(indices.dims)];
  const places = Uint32Array.from(chosen, (index, i) =>
    indices.dims.reduce((at, size, k) => {
      const position = k === axis ? checkedIndex(context, index, data.dims[k]) : Math.floor(i / to[k]) % size;
      return at + position * from[k];
    }, 0),
  );
  return [take(data, indices.dims, places)];
}

function lowerElements(context: LowerContext): void {
  const [data, indices] = [context.input(0), context.input(1)];
  const axis = axisOf(context, data.shape.length);
  const output = context.allocate(context.outputType(0));
  const problem = {
    data,
    indices,
    output,
    sizes: output.shape,
    dataStrides: data.strides.map((stride, k) => (k === axis ? 0 : stride)),
    indexStrides: indices.strides,
    outputStrides: output.strides,
    dimensions: [{ size: data.shape[axis], stride: data.strides[axis] }],
    indexStride: 0,
  };
  context.emit(gatherEmission(problem, context.profile));
  context.output(0, output);
}

/** batch_dims leading dimensions are shared; each vector of indices chooses in the `depth` dimensions after them. */
function ndParts(context: NodeContext, data: readonly Dim[], indices: readonly Dim[]) {
  const batch = context.attributes.int('batch_dims', 0);
  const depth = indices.at(-1);
  if (typeof depth !== 'number' || depth < 1 || batch < 0 || batch + depth > data.length) {
    return context.fail(
      `indices ${showDims(indices)} with batch_dims ${batch} do not index the data ${showDims(data)}`,
    );
  }
  return { batch, depth, shape: [...indices.slice(0, -1), ...data.slice(batch + depth)] };
}

function evaluateNd(context: EvaluateContext): readonly Tensor[] {
  const [data, indices] = [context.input(0), context.input(1)];
  const { batch, depth, shape } = ndParts(context, data.dims, indices.dims);
  const strides = rowMajorStrides(data.dims);
  const chosen = toNumbers(indices);
  const batches = productOfDims(data.dims.slice(0, batch)) as number;
  const vectors = chosen.length / depth;
  const inner = productOfDims(data.dims.slice(batch + depth)) as number;
  const batchSize = productOfDims(data.dims.slice(batch)) as number;
  const places = new Uint32Array(vectors * inner);
  for (let v = 0; v < vectors; v++) {
    let at = Math.floor(v / (vectors / batches)) * batchSize;
    for (let k = 0; k < depth; k++) {
      at += checkedIndex(context, chosen[v * depth + k], data.dims[batch + k]) * strides[batch + k];
    }
    for (let i = 0; i < inner; i++) places[v * inner + i] = at + i;
  }
  return [take(data, shape as number[], places)];
}

function lowerNd(context: LowerContext): void {
  const [data, indices] = [context.input(0), context.input(1)];
  const { batch, depth } = ndParts(context, data.shape, indices.shape);
  const output = context.allocate(context.outputType(0));
  const lead = indices.shape.length - 1;
  const rest = data.strides.slice(batch + depth);
  const problem = {
    data,
    indices,
    output,
    sizes: output.shape,
    dataStrides: [...indices.shape.slice(0, lead).map((_, k) => (k < batch ? data.strides[k] : 0)), ...rest],
    indexStrides: [...indices.strides.slice(0, lead), ...rest.map(() => 0)],
    outputStrides: output.strides,
    dimensions: Array.from({ length: depth }, (_, k) => ({
      size: data.shape[batch + k],
      stride: data.strides[batch + k],
    })),
    indexStride: indices.strides[lead],
  };
  context.emit(gatherEmission(problem, context.profile));
  context.output(0, output);
}

/** Operators that pick elements by index. Indices outside fail on the host and are clamped on the GPU. */
export const gatherOperators: readonly Operator[] = [
  { type: 'Gather', domain: '', since: 1, infer: inferGather, evaluate: evaluateGather, lower: lowerGather },
  {
    type: 'GatherElements',
    domain: '',
    since: 11,
    infer(context) {
      const { dataType, shape } = context.type(0);
      if (shape) checkConstantIndices(context, axisOf(context, shape.length));
      return [{ dataType, shape: context.type(1).shape }];
    },
    evaluate: evaluateElements,
    lower: lowerElements,
  },
  {
    type: 'GatherND',
    domain: '',
    since: 11,
    infer(context) {
      const { dataType, shape } = context.type(0);
      const indices = context.type(1).shape;
      if (!shape || !indices) return [{ dataType }];
      const parts = ndParts(context, shape, indices);
      checkConstantVectors(context, parts.batch);
      return [{ dataType, shape: parts.shape }];
    },
    evaluate: evaluateNd,
    lower: lowerNd,
  },
];
