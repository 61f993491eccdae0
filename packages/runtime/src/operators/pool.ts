import { maxPoolIndicesEmission } from '../kernels/max-pool-indices.js';
import { poolEmission, type PoolKind } from '../kernels/pool.js';
import type { Tensor } from '../tensor.js';
import { product } from './host-index.js';
import { fromNumbers, toNumbers } from './numbers.js';
import { emitPooledConv } from './pooled-conv.js';
import { forEachWindow, type PoolWindow } from './pool-evaluate.js';
import type { EvaluateContext, InferContext, InferResult, LowerContext, NodeContext, Operator } from './types.js';
import { readWindow, resolveWindow, windowOutputDim, type WindowAttributes } from './window.js';

type PoolName = 'MaxPool' | 'AveragePool' | 'LpPool';

function poolWindow(context: NodeContext, rank: number): WindowAttributes {
  if (rank < 1 || rank > 3)
    context.fail(`X has rank ${rank + 2}; pooling over 1, 2 or 3 spatial dimensions is supported`);
  return readWindow(context, rank);
}

function infer(context: InferContext): readonly InferResult[] {
  const { dataType, shape } = context.type(0);
  const results = (outputShape?: InferResult['shape']): readonly InferResult[] =>
    context.hasOutput(1)
      ? [
          { dataType, shape: outputShape },
          { dataType: 'int64', shape: outputShape },
        ]
      : [{ dataType, shape: outputShape }];
  if (!shape) return results();
  const window = poolWindow(context, shape.length - 2);
  const spatial = shape.slice(2).map((size, i) => windowOutputDim(context, window, i, size));
  return results([...shape.slice(0, 2), ...spatial]);
}

function poolKind(context: NodeContext, name: PoolName): PoolKind {
  switch (name) {
    case 'MaxPool':
      return { kind: 'max' };
    case 'AveragePool':
      return { kind: 'average', countsPadding: context.attributes.int('count_include_pad', 0) !== 0 };
    case 'LpPool':
      return { kind: 'lp', p: lpExponent(context) };
  }
}

/** LpPool's p, a FLOAT in opset 1. */
export function lpExponent({ attributes }: NodeContext): number {
  return attributes.get('p')?.type === 'float' ? attributes.float('p') : attributes.int('p', 2);
}

function pooled(pool: PoolKind, { values, paddedCount }: PoolWindow): number {
  switch (pool.kind) {
    case 'max':
      return values.reduce((a, x) => Math.max(a, x), -Infinity);
    case 'average':
      return values.reduce((a, x) => a + x, 0) / Math.max(1, pool.countsPadding ? paddedCount : values.length);
    case 'lp':
      return values.reduce((a, x) => a + Math.abs(x) ** pool.p, 0) ** (1 / pool.p);
  }
}

function evaluate(context: EvaluateContext, name: PoolName): readonly Tensor[] {
  const x = context.input(0);
  const attributes = poolWindow(context, x.dims.length - 2);
  const input = x.dims.slice(2);
  const spatial = input.map((size, i) => windowOutputDim(context, attributes, i, size) as number);
  const dims = [...x.dims.slice(0, 2), ...spatial];
  const pool = poolKind(context, name);
  const y = new Float64Array(product(dims));
  const indices = new Float64Array(context.hasOutput(1) ? y.length : 0);
  const isColumnMajor = context.attributes.int('storage_order', 0) !== 0;
  forEachWindow(resolveWindow(attributes, input), x.dims, dims, toNumbers(x), (window, plane, flat) => {
    y[flat] = pooled(pool, window);
    if (indices.length === 0) return;
    const at = window.positions[window.values.indexOf(y[flat])];
    indices[flat] = plane * product(input) + (isColumnMajor ? columnMajor(at, input) : at);
  });
  const result = fromNumbers(x.dataType, dims, y);
  return context.hasOutput(1) ? [result, fromNumbers('int64', dims, indices)] : [result];
}

/** The position of a row-major position where the first dimension is innermost. */
function columnMajor(position: number, sizes: readonly number[]): number {
  let [rest, result] = [position, 0];
  for (let axis = sizes.length - 1; axis >= 0; axis--) {
    result += (rest % sizes[axis]) * product(sizes.slice(0, axis));
    rest = Math.floor(rest / sizes[axis]);
  }
  return result;
}

function lower(context: LowerContext, name: PoolName): void {
  const x = context.input(0);
  const window = resolveWindow(poolWindow(context, x.shape.length - 2), x.shape.slice(2));
  const y = context.allocateOutput(0, 'channels-last');
  context.output(0, y);
  if (name === 'MaxPool' && !context.hasOutput(1) && emitPooledConv(context, window, x, y)) return;
  context.emit(poolEmission(poolKind(context, name), window, x, y, context.profile));
  if (!context.hasOutput(1)) return;
  const indices = context.allocate(context.outputType(1), 'channels-last');
  const isColumnMajor = context.attributes.int('storage_order', 0) !== 0;
  context.emit(maxPoolIndicesEmission(window, x, indices, isColumnMajor, context.profile));
  context.output(1, indices);
}

function poolOperator(name: PoolName): Operator {
  return {
    type: name,
    domain: '',
    since: 1,
    infer,
    evaluate: (context) => evaluate(context, name),
    lower: (context) => lower(context, name),
  };
}

export const poolOperators: readonly Operator[] = [
  poolOperator('MaxPool'),
  poolOperator('AveragePool'),
  poolOperator('LpPool'),
];
