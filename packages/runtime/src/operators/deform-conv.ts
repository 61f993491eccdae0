import type { Dim } from '../graph.js';
import { deformConvEmission } from '../kernels/deform-conv.js';
import type { Tensor } from '../tensor.js';
import { convWindow, inferConv } from './conv-infer.js';
import { rowMajorStrides } from './elementwise.js';
import { forEachIndex, product } from './host-index.js';
import { fromNumbers, toNumbers } from './numbers.js';
import type { EvaluateContext, InferContext, InferResult, LowerContext, NodeContext, Operator } from './types.js';

function offsetGroups(context: NodeContext, channels: number, offset: readonly Dim[], taps: number): number {
  const groups = context.attributes.int('offset_group', 1);
  if (groups < 1 || channels % groups !== 0) {
    context.fail(`offset_group ${groups} does not divide the ${channels} channels of X`);
  }
  if (typeof offset[1] === 'number' && offset[1] !== groups * taps * 2) {
    context.fail(`offset has ${offset[1]} channels; ${groups} groups of ${taps} taps need ${groups * taps * 2}`);
  }
  return groups;
}

function infer(context: InferContext): readonly InferResult[] {
  const [x, weights, offset] = [0, 1, 2].map((index) => context.type(index).shape);
  if (x && x.length !== 4) context.fail(`X has rank ${x.length}; two spatial dimensions (rank 4) are supported`);
  const results = inferConv(context);
  if (x && weights && offset && typeof x[1] === 'number') {
    offsetGroups(context, x[1], offset, product(weights.slice(2) as readonly number[]));
  }
  return results;
}

/** A plane between its elements; 0 outside. */
function bilinearAt(
  values: Float64Array,
  first: number,
  [height, width]: readonly number[],
  y: number,
  x: number,
): number {
  if (!(y > -1 && x > -1 && y < height && x < width)) return 0;
  const [row, column] = [Math.floor(y), Math.floor(x)];
  const [dy, dx] = [y - row, x - column];
  const tap = (r: number, c: number) =>
    r < 0 || r >= height || c < 0 || c >= width ? 0 : values[first + r * width + c];
  const above = (1 - dx) * tap(row, column) + dx * tap(row, column + 1);
  const below = (1 - dx) * tap(row + 1, column) + dx * tap(row + 1, column + 1);
  return (1 - dy) * above + dy * below;
}

function evaluate(context: EvaluateContext): readonly Tensor[] {
  const [x, w, offset] = [0, 1, 2].map((index) => context.input(index));
  const [values, weights, moves] = [x, w, offset].map(toNumbers);
  const [bias, mask] = [3, 4].map((index) => (context.hasInput(index) ? toNumbers(context.input(index)) : undefined));
  const window = convWindow(context, x.dims, w.dims);
  const [batch, channels, ...plane] = x.dims;
  const [outChannels, perGroup, , kernelWidth] = w.dims;
  const taps = product(window.kernel);
  const dims = [batch, outChannels, ...offset.dims.slice(2)];
  const groups = offsetGroups(context, channels, offset.dims, taps);
  const groupOut = outChannels / context.attributes.int('group', 1);
  const [xStrides, moveStrides] = [rowMajorStrides(x.dims), rowMajorStrides(offset.dims)];
  const positions = product(dims.slice(2));
  const y = new Float64Array(product(dims));
  forEachIndex(dims, ([n, m, oy, ox], flat) => {
    let sum = bias?.[m] ?? 0;
    for (let c = 0; c < perGroup; c++) {
      const channel = Math.floor(m / groupOut) * perGroup + c;
      const group = Math.floor(channel / (channels / groups));
      for (let tap = 0; tap < taps; tap++) {
        const moved = group * taps + tap;
        const at = n * moveStrides[0] + 2 * moved * moveStrides[1] + oy * moveStrides[2] + ox;
        const places = [Math.floor(tap / kernelWidth), tap % kernelWidth].map((k, axis) => {
          const origin = [oy, ox][axis] * window.strides[axis] - window.padsBegin[axis];
          return origin + k * window.dilations[axis] + moves[at + axis * moveStrides[1]];
        });
        const value = bilinearAt(values, n * xStrides[0] + channel * xStrides[1], plane, places[0], places[1]);
        const factor = mask?.[(n * groups * taps + moved) * positions + (flat % positions)] ?? 1;
        sum += value * weights[(m * perGroup + c) * taps + tap] * factor;
      }
    }
    y[flat] = sum;
  });
  return [fromNumbers(x.dataType, dims, y)];
}

function lower(context: LowerContext): void {
  const [x, weights, offset] = [0, 1, 2].map((index) => context.input(index));
  const y = context.allocate(context.outputType(0));
  const window = convWindow(context, x.shape, weights.shape);
  const problem = {
    x,
    weights,
    offset,
    bias: context.hasInput(3) ? context.input(3) : undefined,
    mask: context.hasInput(4) ? context.input(4) : undefined,
    y,
    window,
    groups: context.attributes.int('group', 1),
    offsetGroups: offsetGroups(context, x.shape[1], offset.shape, product(window.kernel)),
  };
  context.emit(deformConvEmission(problem, context.profile));
  context.output(0, y);
}

/** DeformConv of two spatial dimensions. */
export const deformConvOperators: readonly Operator[] = [
  { type: 'DeformConv', domain: '', since: 19, infer, evaluate, lower },
];
