import type { DataType } from '@tessera/onnx-loader';
import type { Param } from '@tessera/conv-kernels';
import type { Dim } from '../graph.js';
import { elementwiseEmission, type Formula } from '../kernels/elementwise.js';
import type { MathFunction } from '../kernels/math.js';
import { orderOf } from '../program/placement.js';
import { collapseWalk } from '../kernels/walk.js';
import type { Tensor } from '../tensor.js';
import {
  broadcastDims,
  broadcastShape,
  broadcastStrides,
  fromWrappedNumbers,
  isInteger,
  productOfDims,
  showDims,
  toNumbers,
} from './helpers.js';
import type {
  EvaluateContext,
  InferContext,
  InferResult,
  Layout,
  LowerContext,
  NodeContext,
  Operand,
  Operator,
} from './types.js';

/** Numbers a formula takes besides its inputs, by name. */
export type Numbers = Readonly<Record<string, number>>;

/** What an element function may ask of the element type: integer division truncates, for one. */
export interface ElementTypeInfo {
  readonly isInteger: boolean;
}

/**
 * An operator that treats each element alone: the same function in WGSL and on the host. `wgsl` is as in `Formula`;
 * `params` names float or int attributes with their defaults, `params.<name>` in WGSL.
 */
export interface ElementwiseDefinition {
  readonly type: string;
  readonly domain?: Operator['domain'];
  readonly since?: number;
  readonly wgsl: string;
  readonly functions?: readonly MathFunction[];
  readonly params?: Numbers;
  /** bool for comparisons; the first input's type without it. */
  readonly result?: DataType;
  readonly host: (values: readonly number[], numbers: Numbers, type: ElementTypeInfo) => number;
  /** Shape arithmetic with symbols; undefined where the result cannot be told. */
  readonly dim?: (a: Dim, b: Dim) => Dim | undefined;
}

/** Reads the attributes a definition names; an int attribute counts as a number too. */
function readNumbers(context: NodeContext, defaults: Numbers = {}): Record<string, number> {
  return Object.fromEntries(
    Object.entries(defaults).map(([name, fallback]) => {
      const isInt = context.attributes.get(name)?.type === 'int';
      return [name, isInt ? context.attributes.int(name) : context.attributes.float(name, fallback)];
    }),
  );
}

/** Broadcasts the shapes of inputs [0, count); undefined where a rank is not known. */
export function inferBroadcast(context: InferContext, count: number): readonly Dim[] | undefined {
  let result: readonly Dim[] = [];
  for (let i = 0; i < count; i++) {
    const { shape } = context.type(i);
    if (!shape) return undefined;
    const next = broadcastDims(result, shape, () => context.unknown());
    if (!next) {
      const all = Array.from({ length: count }, (_, k) => showDims(context.type(k).shape));
      return context.fail(`the input shapes ${all.join(' and ')} do not broadcast to one shape`);
    }
    result = next;
  }
  return result;
}

/** Applies a calculation on sizes to two symbolic vectors (or scalars) that broadcast. */
export function zipDims(
  a: readonly Dim[] | undefined,
  b: readonly Dim[] | undefined,
  combine: (a: Dim, b: Dim) => Dim | undefined,
): readonly Dim[] | undefined {
  if (!a || !b || (a.length !== b.length && a.length !== 1 && b.length !== 1)) return undefined;
  const length = a.length === 0 || b.length === 0 ? 0 : Math.max(a.length, b.length);
  const result = Array.from({ length }, (_, i) => combine(a[i % a.length], b[i % b.length]));
  return result.every((d) => d !== undefined) ? (result as Dim[]) : undefined;
}

/** Host evaluation with broadcasting. */
export function evaluateElementwise(
  context: EvaluateContext,
  inputs: readonly Tensor[],
  dataType: DataType,
  apply: (values: readonly number[]) => number,
): Tensor {
  const shape =
    broadcastShape(inputs.map((t) => t.dims)) ??
    context.fail(`the input shapes ${inputs.map((t) => showDims(t.dims)).join(' and ')} do not broadcast to one shape`);
  const values = inputs.map(toNumbers);
  const strides = inputs.map((t) => broadcastStrides(t.dims, rowMajorStrides(t.dims), shape));
  const walk = collapseWalk({ sizes: shape, strides: Object.fromEntries(strides.entries()) });
  const length = walk.sizes.at(-1)!;
  const starts = inputs.map((_, k) => stridedIndices(walk.sizes.slice(0, -1), walk.strides[k].slice(0, -1), 0));
  const steps = inputs.map((_, k) => walk.strides[k].at(-1)!);
  const result = new Float64Array(productOfDims(shape) as number);
  for (let first = 0, row = 0; first < result.length; first += length, row++) {
    const ranges = values.map((data, k) => ({ data, start: starts[k][row], step: steps[k] }));
    fillRow(result.subarray(first, first + length), ranges, apply);
  }
  return fromWrappedNumbers(dataType, shape, result);
}

interface Range {
  readonly data: Float64Array;
  readonly start: number;
  readonly step: number;
}

/** Applies a function along one row; that of one or two inputs is most of the work of folding, and written out. */
function fillRow(result: Float64Array, ranges: readonly Range[], apply: (values: readonly number[]) => number): void {
  const [a, b] = ranges;
  const values = new Array<number>(ranges.length).fill(0);
  for (let i = 0; i < result.length; i++) {
    values[0] = a.data[a.start + i * a.step];
    if (ranges.length > 1) values[1] = b.data[b.start + i * b.step];
    for (let k = 2; k < ranges.length; k++) values[k] = ranges[k].data[ranges[k].start + i * ranges[k].step];
    result[i] = apply(values);
  }
}

export function rowMajorStrides(dims: readonly number[]): number[] {
  const strides = new Array<number>(dims.length);
  let step = 1;
  for (let axis = dims.length - 1; axis >= 0; axis--) {
    strides[axis] = step;
    step *= dims[axis];
  }
  return strides;
}

/** Offsets of the elements of a strided window, in row-major order of its shape. */
export function stridedIndices(shape: readonly number[], strides: readonly number[], offset: number): Uint32Array {
  let result = Uint32Array.of(offset);
  shape.forEach((size, axis) => {
    const next = new Uint32Array(result.length * size);
    for (let i = 0; i < result.length; i++) {
      for (let k = 0; k < size; k++) next[i * size + k] = result[i] + k * strides[axis];
    }
    result = next;
  });
  return result;
}

/** Channels-last where an input of the full shape already is, so that activations stay so between convolutions. */
function elementwiseLayout(inputs: readonly Operand[], shape: readonly number[]): Layout {
  const isFull = (operand: Operand) =>
    operand.shape.length === shape.length && operand.shape.every((size, axis) => size === shape[axis]);
  const isLast = inputs.some((operand) => isFull(operand) && orderOf(operand) === 'channels-last');
  return isLast ? 'channels-last' : 'row-major';
}

/** Emits a formula over broadcast inputs into a new operand of the type given. */
export function emitElementwise(
  context: LowerContext,
  formula: Formula,
  inputs: readonly Operand[],
  type: { readonly dataType: DataType; readonly shape: readonly number[] },
): Operand {
  const { shape } = type;
  const output = context.allocate(type, elementwiseLayout(inputs, shape));
  const views = inputs.map((operand) => ({
    ...operand,
    shape,
    strides: broadcastStrides(operand.shape, operand.strides, shape),
  }));
  context.emit(elementwiseEmission(formula, views, output, context.profile));
  return output;
}

export function floatParams(numbers: Numbers): Param[] {
  return Object.entries(numbers).map(([name, value]) => ({ name, type: 'f32', value }));
}

function inferElementwise(definition: ElementwiseDefinition, count: number, context: InferContext): InferResult {
  const { dataType } = context.type(0);
  const shape = inferBroadcast(context, count);
  const { dim } = definition;
  const dims = dim && shape && shape.length <= 1 ? zipDims(context.dims(0), context.dims(count - 1), dim) : undefined;
  const isTracked = isInteger(dataType) && isInteger(definition.result ?? dataType);
  return { dataType: definition.result ?? dataType, shape, dims: isTracked ? dims : undefined };
}

/** The operator of a definition with `count` inputs. */
export function elementwiseOperator(definition: ElementwiseDefinition, count: 1 | 2): Operator {
  return {
    type: definition.type,
    domain: definition.domain ?? '',
    since: definition.since ?? 1,
    infer: (context) => [inferElementwise(definition, count, context)],
    evaluate(context) {
      const numbers = readNumbers(context, definition.params);
      const inputs = Array.from({ length: count }, (_, i) => context.input(i));
      const { dataType } = inputs[0];
      const info = { isInteger: isInteger(dataType) };
      const result = definition.result ?? dataType;
      return [evaluateElementwise(context, inputs, result, (values) => definition.host(values, numbers, info))];
    },
    lower(context) {
      const numbers = readNumbers(context, definition.params);
      const inputs = Array.from({ length: count }, (_, i) => context.input(i));
      const formula = { label: definition.type.toLowerCase(), ...definition, params: floatParams(numbers) };
      context.output(0, emitElementwise(context, formula, inputs, context.outputType(0)));
    },
  };
}
