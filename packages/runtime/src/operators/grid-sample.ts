import type { Dim } from '../graph.js';
import { gridSampleEmission, type SampleSettings } from '../kernels/grid-sample.js';
import type { Tensor } from '../tensor.js';
import { rowMajorStrides } from './elementwise.js';
import { fromNumbers, showDims, toNumbers } from './helpers.js';
import { forEachIndex, product } from './host-index.js';
import type { EvaluateContext, InferContext, InferResult, LowerContext, NodeContext, Operator } from './types.js';
import { roundHalfEven } from './unary.js';

const modes: Readonly<Record<string, SampleSettings['mode']>> = {
  nearest: 'nearest',
  bilinear: 'linear',
  linear: 'linear',
  bicubic: 'cubic',
  cubic: 'cubic',
};

const paddings: readonly string[] = ['zeros', 'border', 'reflection'];

function readSettings(context: NodeContext): SampleSettings {
  const { attributes } = context;
  const mode = attributes.string('mode', 'linear');
  const padding = attributes.string('padding_mode', 'zeros');
  if (!paddings.includes(padding))
    context.fail(`padding_mode is "${padding}"; it must be one of ${paddings.join(', ')}`);
  return {
    mode: modes[mode] ?? context.fail(`mode is "${mode}"; it must be one of ${Object.keys(modes).join(', ')}`),
    padding: padding as SampleSettings['padding'],
    alignCorners: attributes.int('align_corners', 0) !== 0,
  };
}

function outputShape(context: NodeContext, x: readonly Dim[], grid: readonly Dim[]): readonly Dim[] {
  const axes = grid.at(-1);
  if (x.length < 3 || grid.length !== x.length || (typeof axes === 'number' && axes !== x.length - 2)) {
    context.fail(
      `the grid ${showDims(grid)} does not fit X ${showDims(x)}: it must have the rank of X and ${x.length - 2} coordinates`,
    );
  }
  return [...x.slice(0, 2), ...grid.slice(1, -1)];
}

function infer(context: InferContext): readonly InferResult[] {
  const [{ dataType, shape }, grid] = [context.type(0), context.type(1).shape];
  return [{ dataType, shape: shape && grid && outputShape(context, shape, grid) }];
}

function reflected(at: number, low: number, high: number): number {
  if (high <= low) return low;
  const period = 2 * (high - low);
  const turned = (((at - low) % period) + period) % period;
  return low + Math.min(turned, period - turned);
}

function cubicWeight(distance: number): number {
  const d = Math.abs(distance);
  return d <= 1 ? (1.25 * d - 2.25) * d * d + 1 : -0.75 * (((d - 5) * d + 8) * d - 4);
}

interface Tap {
  readonly index: number;
  readonly weight: number;
}

/** The elements that a coordinate in [-1, 1] reads along an axis, those outside left out. */
function tapsOf({ mode, padding, alignCorners }: SampleSettings, coordinate: number, size: number): readonly Tap[] {
  const [low, high] = alignCorners ? [0, size - 1] : [-0.5, size - 0.5];
  const inside = (value: number, first: number, last: number) => {
    if (padding === 'zeros') return value;
    return padding === 'border' ? Math.min(Math.max(value, first), last) : reflected(value, low, high);
  };
  const exact = alignCorners ? ((coordinate + 1) / 2) * (size - 1) : ((coordinate + 1) * size - 1) / 2;
  const at = inside(mode === 'nearest' ? roundHalfEven(exact) : exact, 0, size - 1);
  const below = Math.floor(at);
  const part = at - below;
  const taps: readonly (readonly [number, number])[] = {
    nearest: [[roundHalfEven(at), 1] as const],
    linear: [[below, 1 - part] as const, [below + 1, part] as const],
    cubic: [-1, 0, 1, 2].map((i) => [below + i, cubicWeight(part - i)] as const),
  }[mode];
  return taps
    .map(([i, weight]) => ({ index: Math.trunc(inside(i, 0, size - 1)), weight }))
    .filter(({ index }) => index >= 0 && index < size);
}

function evaluate(context: EvaluateContext): readonly Tensor[] {
  const [x, grid] = [context.input(0), context.input(1)];
  const settings = readSettings(context);
  const dims = outputShape(context, x.dims, grid.dims) as readonly number[];
  const [values, positions] = [toNumbers(x), toNumbers(grid)];
  const strides = rowMajorStrides(x.dims);
  const axes = x.dims.length - 2;
  const points = product(dims.slice(2));
  const result = new Float64Array(product(dims));
  forEachIndex(dims, (index, flat) => {
    const [n, c] = index;
    const first = (n * points + (flat % points)) * axes;
    let taps: readonly Tap[] = [{ index: n * strides[0] + c * strides[1], weight: 1 }];
    for (let d = 0; d < axes; d++) {
      const along = tapsOf(settings, positions[first + axes - 1 - d], x.dims[d + 2]);
      taps = taps.flatMap((tap) =>
        along.map(({ index: i, weight }) => ({
          index: tap.index + i * strides[d + 2],
          weight: tap.weight * weight,
        })),
      );
    }
    result[flat] = taps.reduce((sum, tap) => sum + tap.weight * values[tap.index], 0);
  });
  return [fromNumbers(x.dataType, dims, result)];
}

function lower(context: LowerContext): void {
  const [x, grid] = [context.input(0), context.input(1)];
  const y = context.allocate(context.outputType(0));
  context.emit(gridSampleEmission(x, grid, y, readSettings(context), context.profile));
  context.output(0, y);
}

export const gridSampleOperators: readonly Operator[] = [
  { type: 'GridSample', domain: '', since: 16, infer, evaluate, lower },
];
