import { lrnEmission, type LrnParameters } from '../kernels/lrn.js';
import type { Tensor } from '../tensor.js';
import { product } from './host-index.js';
import { fromNumbers, toNumbers } from './numbers.js';
import type { EvaluateContext, InferContext, InferResult, LowerContext, NodeContext, Operator } from './types.js';

function readLrn({ attributes }: NodeContext): LrnParameters {
  return {
    size: attributes.int('size'),
    alpha: attributes.float('alpha', 0.0001),
    beta: attributes.float('beta', 0.75),
    bias: attributes.float('bias', 1),
  };
}

function infer(context: InferContext): readonly InferResult[] {
  const { dataType, shape } = context.type(0);
  if (shape && shape.length < 2) context.fail(`X has rank ${shape.length}; it must be 2 or more`);
  const { size } = readLrn(context);
  if (size < 1) context.fail(`size is ${size}; it must be 1 or more`);
  return [{ dataType, shape }];
}

function evaluate(context: EvaluateContext): readonly Tensor[] {
  const x = context.input(0);
  const { size, alpha, beta, bias } = readLrn(context);
  const values = toNumbers(x);
  const channels = x.dims[1];
  const plane = product(x.dims.slice(2));
  const y = values.map((value, flat) => {
    const c = Math.floor(flat / plane) % channels;
    const first = Math.max(0, c - Math.floor((size - 1) / 2));
    const last = Math.min(channels - 1, c + Math.ceil((size - 1) / 2));
    let squares = 0;
    for (let i = first; i <= last; i++) squares += values[flat + (i - c) * plane] ** 2;
    return value / (bias + (alpha / size) * squares) ** beta;
  });
  return [fromNumbers(x.dataType, x.dims, y)];
}

function lower(context: LowerContext): void {
  const x = context.input(0);
  const y = context.allocate(context.outputType(0), context.layoutOf(x) ?? 'row-major');
  context.emit(lrnEmission(readLrn(context), x, y, context.profile));
  context.output(0, y);
}

/** LRN: local response normalization across channels. */
export const lrnOperators: readonly Operator[] = [{ type: 'LRN', domain: '', since: 1, infer, evaluate, lower }];
