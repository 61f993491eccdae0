import type { Dim } from '../graph.js';
import { padEmission, type PadMode } from '../kernels/pad.js';
import type { Tensor } from '../tensor.js';
import { rowMajorStrides } from './elementwise.js';
import { addDims, fromNumbers, integersOf, normalizeAxes, productOfDims, showDims, toNumbers } from './helpers.js';
import type {
  EvaluateContext,
  InferContext,
  InferResult,
  LowerContext,
  NodeContext,
  Operand,
  Operator,
} from './types.js';

const modes: readonly string[] = ['constant', 'reflect', 'edge', 'wrap'];

function modeOf(context: NodeContext): PadMode {
  const mode = context.attributes.string('mode', 'constant');
  if (!modes.includes(mode)) context.fail(`mode is "${mode}"; it must be one of ${modes.join(', ')}`);
  return mode as PadMode;
}

interface Pads<T> {
  readonly before: readonly T[];
  readonly after: readonly T[];
}

/** Pads for every dimension, from values (all before, then all after) for some of them. */
function spread<T extends Dim>(
  context: NodeContext,
  values: readonly T[],
  axes: readonly number[] | undefined,
  rank: number,
): Pads<T | 0> {
  const list = normalizeAxes(context, axes ?? Array.from({ length: rank }, (_, i) => i), rank);
  if (values.length !== 2 * list.length) {
    context.fail(`pads has ${values.length} values; ${list.length} dimensions need ${2 * list.length}`);
  }
  const at = (axis: number, shift: number): T | 0 => {
    const i = list.indexOf(axis);
    return i === -1 ? 0 : values[i + shift];
  };
  const dims = Array.from({ length: rank }, (_, i) => i);
  return { before: dims.map((axis) => at(axis, 0)), after: dims.map((axis) => at(axis, list.length)) };
}

function paddedShape(context: NodeContext, shape: readonly Dim[], pads: Pads<Dim>): readonly Dim[] {
  const result = shape.map((size, axis) => addDims(addDims(size, pads.before[axis]), pads.after[axis]));
  if (result.some((size) => typeof size === 'number' && size < 0)) {
    context.fail(`pads [${[...pads.before, ...pads.after].join(', ')}] cut more than there is of ${showDims(shape)}`);
  }
  return result;
}

/** Where a coordinate's value comes from; undefined for the constant. */
function sourceIndex(mode: PadMode, i: number, size: number): number | undefined {
  if (i >= 0 && i < size) return i;
  switch (mode) {
    case 'constant':
      return undefined;
    case 'edge':
      return i < 0 ? 0 : size - 1;
    case 'wrap':
      return ((i % size) + size) % size;
    case 'reflect': {
      if (size === 1) return 0;
      const period = 2 * (size - 1);
      const turned = ((i % period) + period) % period;
      return Math.min(turned, period - turned);
    }
  }
}

function evaluatePad(context: EvaluateContext, pads: Pads<number>, value: number): readonly Tensor[] {
  const x = context.input(0);
  const mode = modeOf(context);
  const shape = paddedShape(context, x.dims, pads) as number[];
  const [from, to] = [rowMajorStrides(x.dims), rowMajorStrides(shape)];
  const numbers = toNumbers(x);
  const result = Float64Array.from({ length: productOfDims(shape) as number }, (_, i) => {
    let at = 0;
    for (let axis = 0; axis < shape.length; axis++) {
      const position = (Math.floor(i / to[axis]) % shape[axis]) - pads.before[axis];
      const source = sourceIndex(mode, position, x.dims[axis]);
      if (source === undefined) return value;
      at += source * from[axis];
    }
    return numbers[at];
  });
  return [fromNumbers(x.dataType, shape, result)];
}

function lowerPad(context: LowerContext, pads: Pads<number>, value: Operand | undefined): void {
  const x = context.input(0);
  const output = context.allocate(context.outputType(0), context.layoutOf(x) ?? 'row-major');
  const mode = modeOf(context);
  const isEmpty = mode !== 'constant' && x.shape.includes(0);
  if (isEmpty) context.fail(`mode ${mode} takes values from the input, but the input ${showDims(x.shape)} is empty`);
  context.emit(padEmission(mode, x, mode === 'constant' ? value : undefined, output, pads.before, context.profile));
  context.output(0, output);
}

function attributePads(context: NodeContext, rank: number): Pads<number> {
  return spread(context, context.attributes.ints('pads'), undefined, rank);
}

function inferInputPads(context: InferContext): readonly InferResult[] {
  const { dataType, shape } = context.type(0);
  if (!shape) return [{ dataType }];
  const pads = context.dims(1);
  const axes = context.hasInput(3) ? context.dims(3) : undefined;
  if (!pads || (context.hasInput(3) && !axes)) return [{ dataType, shape: shape.map(() => context.unknown()) }];
  const all = spread(context, pads, axes as readonly number[] | undefined, shape.length);
  return [{ dataType, shape: paddedShape(context, shape, all) }];
}

function inputPads(context: NodeContext, pads: Tensor | undefined, axes: Tensor | undefined, rank: number) {
  const values = integersOf(pads) ?? context.fail('pads depend on data; they must be constant');
  if (context.hasInput(3) && !axes) context.fail('axes depend on data; they must be constant');
  return spread(context, values, integersOf(axes), rank);
}

/** Pad: attributes before opset 11, inputs since. Negative pads cut. */
export const padOperators: readonly Operator[] = [
  {
    type: 'Pad',
    domain: '',
    since: 2,
    infer(context) {
      const { dataType, shape } = context.type(0);
      return [{ dataType, shape: shape && paddedShape(context, shape, attributePads(context, shape.length)) }];
    },
    evaluate: (context) =>
      evaluatePad(context, attributePads(context, context.input(0).dims.length), context.attributes.float('value', 0)),
    lower(context) {
      const value = Float32Array.of(context.attributes.float('value', 0));
      const pads = attributePads(context, context.input(0).shape.length);
      lowerPad(context, pads, context.table(`fill/f32/${value[0]}`, 'f32', value));
    },
  },
  {
    type: 'Pad',
    domain: '',
    since: 11,
    valueInputs: [1, 3],
    infer: inferInputPads,
    evaluate(context) {
      const pads = inputPads(context, context.input(1), context.optional(3), context.input(0).dims.length);
      const value = context.optional(2);
      return evaluatePad(context, pads, value ? toNumbers(value)[0] : 0);
    },
    lower(context) {
      const axes = context.hasInput(3) ? context.constant(3) : undefined;
      const pads = inputPads(context, context.constant(1), axes, context.input(0).shape.length);
      lowerPad(context, pads, context.hasInput(2) ? context.input(2) : undefined);
    },
  },
];
