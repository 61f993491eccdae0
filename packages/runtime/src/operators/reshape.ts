import type { Dim } from '../graph.js';
import { rowMajorStrides } from './elementwise.js';
import {
  areNumbers,
  divideDims,
  isInteger,
  multiplyDims,
  normalizeAxes,
  normalizeAxis,
  productOfDims,
  showDims,
} from './helpers.js';
import type { EvaluateContext, InferContext, InferResult, LowerContext, NodeContext, Operator } from './types.js';
import { reshapedStrides } from './views.js';

type Shape = readonly Dim[];

/** The result of a reshape, with its content where that is a scalar or vector of tracked sizes. */
function reshaped(context: InferContext, shape: Shape | undefined): readonly InferResult[] {
  const { dataType } = context.type(0);
  const keepsDims = shape !== undefined && shape.length <= 1 && isInteger(dataType);
  return [{ dataType, shape, dims: keepsDims ? context.dims(0) : undefined }];
}

function evaluateTo(context: EvaluateContext, shape: readonly number[]) {
  return [{ ...context.input(0), dims: shape }];
}

/** The same buffer with other strides where the elements' order allows it, else a row-major copy. */
function lowerReshape(context: LowerContext): void {
  const x = context.input(0);
  const { shape } = context.outputType(0);
  const strides = reshapedStrides(x, shape);
  if (strides) return context.output(0, { ...x, shape, strides });
  context.output(0, { ...context.withLayout(x, 'row-major'), shape, strides: rowMajorStrides(shape) });
}

/** Symbols both lists have are taken off both. */
function cancelSymbols(a: Shape, b: Shape): readonly [Shape, Shape] {
  const rest = [...b];
  const left = a.filter((dim) => {
    const at = typeof dim === 'string' ? rest.indexOf(dim) : -1;
    if (at !== -1) rest.splice(at, 1);
    return at === -1;
  });
  return [left, rest];
}

/** Fills in 0 (the input's size) and -1 (what is left over). */
function reshapeTarget(context: NodeContext, input: Shape | undefined, target: Shape, allowZero: boolean): Shape {
  const unknown = (i: number): Dim => `${context.name}_dim${i}`;
  const copied = target.map((dim, i) => {
    if (dim !== 0 || allowZero) return dim;
    if (input && i >= input.length)
      context.fail(`shape ${showDims(target)} copies dimension ${i} of ${showDims(input)}`);
    return input ? input[i] : unknown(i);
  });
  const bad = copied.some((dim) => typeof dim === 'number' && dim < -1);
  const open = copied.flatMap((dim, i) => (dim === -1 ? [i] : []));
  if (bad || open.length > 1)
    context.fail(`shape ${showDims(target)} is no shape: -1 may appear once, else sizes from 0`);
  if (open.length === 0) return checkedCount(context, input, copied);
  if (!input) return copied.map((dim, i) => (dim === -1 ? unknown(i) : dim));
  const rest = leftOver(
    context,
    input,
    copied.filter((dim) => dim !== -1),
    target,
  );
  return copied.map((dim) => (dim === -1 ? rest : dim));
}

function leftOver(context: NodeContext, input: Shape, known: Shape, target: Shape): Dim {
  const [above, below] = cancelSymbols(input, known);
  const [total, divisor] = [productOfDims(above), productOfDims(below)];
  if (typeof total === 'number' && typeof divisor === 'number') {
    if (divisor === 0 && total === 0) return 0;
    if (divisor === 0 || total % divisor !== 0) {
      context.fail(`the input ${showDims(input)} cannot be reshaped to ${showDims(target)}`);
    }
  }
  return reducedQuotient(above, below, total, divisor);
}

/** total / divisor; a known divisor is divided out of the known factor of the total where it can be. */
function reducedQuotient(above: Shape, below: Shape, total: Dim, divisor: Dim): Dim {
  const factor = productOfDims(above.filter((dim) => typeof dim === 'number')) as number;
  if (typeof divisor === 'number' && divisor > 0 && factor % divisor === 0 && below.length > 0) {
    return multiplyDims(factor / divisor, productOfDims(above.filter((dim) => typeof dim === 'string')));
  }
  return divideDims(total, divisor);
}

function checkedCount(context: NodeContext, input: Shape | undefined, shape: Shape): Shape {
  if (areNumbers(input) && areNumbers(shape) && productOfDims(input) !== productOfDims(shape)) {
    context.fail(`the input ${showDims(input)} cannot be reshaped to ${showDims(shape)}: the element counts differ`);
  }
  return shape;
}

function inferReshape(context: InferContext): readonly InferResult[] {
  const { shape: input } = context.type(0);
  const target = context.dims(1);
  if (target) {
    const allowZero = context.attributes.int('allowzero', 0) === 1;
    return reshaped(context, reshapeTarget(context, input, target, allowZero));
  }
  const rank = context.type(1).shape?.[0];
  if (typeof rank !== 'number') return reshaped(context, undefined);
  return reshaped(
    context,
    Array.from({ length: rank }, () => context.unknown()),
  );
}

function evaluateReshape(context: EvaluateContext) {
  const target = Array.from(context.input(1).data as BigInt64Array, Number);
  const allowZero = context.attributes.int('allowzero', 0) === 1;
  return evaluateTo(context, reshapeTarget(context, context.input(0).dims, target, allowZero) as number[]);
}

function flattened(context: NodeContext, shape: Shape): Shape {
  const axis = context.attributes.int('axis', 1);
  const split = axis === shape.length ? axis : normalizeAxis(context, axis, shape.length);
  return [productOfDims(shape.slice(0, split)), productOfDims(shape.slice(split))];
}

/** Without axes every dimension of size 1 goes. */
function squeezed(context: NodeContext, shape: Shape, axes: readonly number[] | undefined): Shape {
  if (!axes) return shape.filter((dim) => dim !== 1);
  const removed = normalizeAxes(context, axes, shape.length);
  for (const axis of removed) {
    const dim = shape[axis];
    if (typeof dim === 'number' && dim !== 1) {
      context.fail(`dimension ${axis} of the input ${showDims(shape)} is ${dim}; only size 1 can be squeezed`);
    }
  }
  return shape.filter((_, axis) => !removed.includes(axis));
}

function unsqueezed(context: NodeContext, shape: Shape, axes: readonly number[] | undefined): Shape {
  if (!axes) return context.fail('axes are missing');
  const added = normalizeAxes(context, axes, shape.length + axes.length);
  const rest = [...shape];
  return Array.from({ length: shape.length + axes.length }, (_, i) => (added.includes(i) ? 1 : rest.shift()!));
}

/** Whether a size is one that only the run tells, and may be 1. */
function isOpen(dim: Dim): boolean {
  return typeof dim === 'string' && dim.includes('?');
}

type AxesShape = (context: NodeContext, shape: Shape, axes: readonly number[] | undefined) => Shape;

/** Squeeze and Unsqueeze: `axes` is an attribute before opset 13, an input since. */
function axesOperator(type: string, since: number, compute: AxesShape, isInput: boolean): Operator {
  const stated = (context: NodeContext) =>
    context.attributes.has('axes') ? context.attributes.ints('axes') : undefined;
  return {
    type,
    domain: '',
    since,
    infer(context) {
      const { shape } = context.type(0);
      if (isInput && context.hasInput(1) && !context.dims(1)) return reshaped(context, undefined);
      const axes = isInput ? (context.hasInput(1) ? context.dims(1) : undefined) : stated(context);
      if (!axes && shape?.some(isOpen)) return reshaped(context, undefined);
      return reshaped(context, shape && compute(context, shape, axes as readonly number[] | undefined));
    },
    evaluate(context) {
      const tensor = isInput ? context.optional(1) : undefined;
      const axes = tensor ? Array.from(tensor.data as BigInt64Array, Number) : isInput ? undefined : stated(context);
      return evaluateTo(context, compute(context, context.input(0).dims, axes) as number[]);
    },
    lower: lowerReshape,
    valueInputs: [1],
  };
}

/** Operators that keep the elements and their order, and change the shape. */
export const reshapeOperators: readonly Operator[] = [
  {
    type: 'Reshape',
    domain: '',
    since: 5,
    infer: inferReshape,
    evaluate: evaluateReshape,
    lower: lowerReshape,
    valueInputs: [1],
  },
  {
    type: 'Flatten',
    domain: '',
    since: 1,
    infer(context) {
      const { shape } = context.type(0);
      return reshaped(context, shape && flattened(context, shape));
    },
    evaluate: (context) => evaluateTo(context, flattened(context, context.input(0).dims) as number[]),
    lower: lowerReshape,
  },
  axesOperator('Squeeze', 1, squeezed, false),
  axesOperator('Squeeze', 13, squeezed, true),
  axesOperator('Unsqueeze', 1, unsqueezed, false),
  axesOperator('Unsqueeze', 13, unsqueezed, true),
];
