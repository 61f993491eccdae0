import type { Dim } from '../graph.js';
import { outside, type AxisSamples } from '../kernels/sample.js';
import type { Tensor } from '../tensor.js';
import { addDims, checkSize, integersOf, normalizeAxes, toNumbers } from './helpers.js';
import { evaluateSampling, lowerSampling } from './sampling.js';
import type { NodeContext, Operator } from './types.js';

type ConstantOf = (index: number) => Tensor | undefined;

interface Pads {
  readonly begin: readonly number[];
  readonly end: readonly number[];
}

/** Pads of every axis, from the attribute (opset 2) or the inputs pads and axes; undefined where they are not known. */
function readPads(context: NodeContext, rank: number, since: number, constantOf: ConstantOf): Pads | undefined {
  const list = since < 11 ? context.attributes.ints('pads') : integersOf(constantOf(1));
  if (!list) return undefined;
  const given = context.hasInput(3) ? integersOf(constantOf(3)) : undefined;
  if (context.hasInput(3) && !given) return undefined;
  const axes = given ? normalizeAxes(context, given, rank) : Array.from({ length: rank }, (_, axis) => axis);
  if (list.length !== 2 * axes.length)
    context.fail(`pads has ${list.length} elements; ${axes.length} axes need ${2 * axes.length}`);
  const begin = new Array<number>(rank).fill(0);
  const end = new Array<number>(rank).fill(0);
  axes.forEach((axis, i) => {
    begin[axis] = list[i];
    end[axis] = list[i + axes.length];
  });
  return { begin, end };
}

const modes = ['constant', 'reflect', 'edge', 'wrap'] as const;
type PadMode = (typeof modes)[number];

function padMode(context: NodeContext): PadMode {
  const mode = context.attributes.string('mode', 'constant') as PadMode;
  if (!modes.includes(mode)) context.fail(`mode "${mode}" is not supported; it must be one of ${modes.join(', ')}`);
  return mode;
}

/** The input position that lies at `position` of the axis when it is continued beyond its ends. */
function source(position: number, size: number, mode: PadMode): number {
  if (position >= 0 && position < size) return position;
  switch (mode) {
    case 'constant':
      return outside;
    case 'edge':
      return position < 0 ? 0 : size - 1;
    case 'wrap':
      return ((position % size) + size) % size;
    case 'reflect': {
      const period = Math.max(1, 2 * (size - 1));
      const folded = ((position % period) + period) % period;
      return folded < size ? folded : period - folded;
    }
  }
}

function padSamples(context: NodeContext, shape: readonly number[], { begin, end }: Pads): AxisSamples[] {
  const mode = padMode(context);
  return shape.flatMap((size, axis) => {
    if (begin[axis] === 0 && end[axis] === 0) return [];
    const length = Math.max(0, size + begin[axis] + end[axis]);
    if (size === 0 && mode !== 'constant' && length > 0)
      context.fail(`an axis of size 0 has nothing to continue by mode "${mode}"`);
    const indices = Uint32Array.from({ length }, (_, i) => source(i - begin[axis], size, mode));
    return [{ axis, taps: 1, indices }];
  });
}

function fillValue(context: NodeContext, since: number, constantOf: ConstantOf): number {
  if (since < 11) return context.attributes.float('value', 0);
  if (!context.hasInput(2)) return 0;
  const value = constantOf(2);
  return value
    ? (toNumbers(value)[0] ?? 0)
    : context.fail('its constant_value depends on the inputs, which is not supported');
}

function padOperator(since: number): Operator {
  const known = (context: NodeContext, rank: number, constantOf: ConstantOf): Pads =>
    readPads(context, rank, since, constantOf) ?? context.fail('its pads depend on the inputs, which is not supported');
  return {
    type: 'Pad',
    domain: '',
    since,
    infer(context) {
      const { dataType, shape } = context.type(0);
      if (!shape) return [{ dataType }];
      const pads = readPads(context, shape.length, since, (i) => context.constant(i));
      const padded = (dim: Dim, axis: number) =>
        pads ? checkSize(context, addDims(dim, pads.begin[axis] + pads.end[axis]), `axis ${axis}`) : context.unknown();
      return [{ dataType, shape: shape.map(padded) }];
    },
    evaluate(context) {
      const input = context.input(0);
      const constantOf: ConstantOf = (i) => context.optional(i);
      const pads = known(context, input.dims.length, constantOf);
      const shape = input.dims.map((size, axis) => size + pads.begin[axis] + pads.end[axis]);
      return [
        evaluateSampling(input, shape, padSamples(context, input.dims, pads), fillValue(context, since, constantOf)),
      ];
    },
    lower(context) {
      const { shape } = context.type(0);
      const constantOf: ConstantOf = (i) => context.constant(i);
      const pads = known(context, shape.length, constantOf);
      const samples = padSamples(context, shape, pads);
      if (samples.length === 0) return context.output(0, context.input(0));
      const key = `pad ${padMode(context)} [${shape.join(', ')}] [${pads.begin.join(', ')}] [${pads.end.join(', ')}]`;
      lowerSampling(context, samples, key, fillValue(context, since, constantOf));
    },
  };
}

/** Pad: by a constant, by reflection, by the edge, or around. */
export const padOperators: readonly Operator[] = [padOperator(2), padOperator(11)];
