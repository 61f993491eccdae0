import { splitPads } from '@tessera/conv-kernels';
import type { Dim } from '../graph.js';
import type { Window } from '../kernels/volume.js';
import { addDims, areNumbers, multiplyDims, showDims } from './helpers.js';
import type { InferContext, InferResult, NodeContext } from './types.js';
import { kernelExtent, readWindow, type WindowAttributes } from './window.js';

/** A transposed convolution: `window` is that of the convolution it transposes, `spatial` the output's sizes. */
export interface TransposeGeometry {
  readonly window: Window;
  readonly spatial: readonly number[];
}

function outputPadding(context: NodeContext, rank: number): readonly number[] {
  const padding = context.attributes.ints('output_padding', new Array<number>(rank).fill(0));
  if (padding.length !== rank) {
    context.fail(`output_padding has ${padding.length} values; the input has ${rank} spatial dimensions`);
  }
  return padding;
}

/** The spatial sizes of output_shape, which some exporters write with batch and channels in front. */
function statedOutput(context: NodeContext, rank: number): readonly number[] | undefined {
  const stated = context.attributes.ints('output_shape', []);
  if (stated.length === 0) return undefined;
  if (stated.length !== rank && stated.length !== rank + 2) {
    context.fail(`output_shape has ${stated.length} values; the input has ${rank} spatial dimensions`);
  }
  return stated.slice(-rank);
}

/** stride * (input - 1) + output_padding + extent of the kernel, before pads are taken off. */
function fullSize(window: WindowAttributes, padding: readonly number[], i: number, input: Dim): Dim {
  return addDims(multiplyDims(window.strides[i], addDims(input, -1)), padding[i] + kernelExtent(window, i));
}

function outputDim(window: WindowAttributes, padding: readonly number[], i: number, input: Dim): Dim {
  const isSame = window.autoPad === 'SAME_UPPER' || window.autoPad === 'SAME_LOWER';
  if (isSame) return multiplyDims(window.strides[i], input);
  return addDims(fullSize(window, padding, i, input), -(window.padsBegin[i] + window.padsEnd[i]));
}

/** Shapes of X [N, C, spatial...], W [C, M / group, spatial...] and Y [N, M, spatial...]. */
export function inferConvTranspose(context: InferContext): readonly InferResult[] {
  const [x, w] = [context.type(0), context.type(1)];
  if (!x.shape) return [{ dataType: x.dataType }];
  const rank = x.shape.length - 2;
  if (rank < 1 || rank > 3) {
    context.fail(`X has rank ${x.shape.length}; convolutions of 1, 2 or 3 spatial dimensions are supported`);
  }
  if (!areNumbers(w.shape) || w.shape.length !== rank + 2) {
    return context.fail(`W has shape ${showDims(w.shape)}; it must be known and of rank ${rank + 2}`);
  }
  const group = context.attributes.int('group', 1);
  const channels = x.shape[1];
  if (typeof channels === 'number' && channels !== w.shape[0]) {
    context.fail(`X has ${channels} channels but W is for ${w.shape[0]}`);
  }
  if (group < 1 || w.shape[0] % group !== 0)
    context.fail(`group ${group} does not divide the ${w.shape[0]} input channels`);
  const window = readWindow(context, rank, w.shape.slice(2));
  const padding = outputPadding(context, rank);
  const spatial = statedOutput(context, rank) ?? x.shape.slice(2).map((size, i) => outputDim(window, padding, i, size));
  return [{ dataType: x.dataType, shape: [x.shape[0], w.shape[1] * group, ...spatial] }];
}

/** Pads and output sizes where the input's are known. */
export function transposeGeometry(
  context: NodeContext,
  input: readonly number[],
  kernel: readonly number[],
): TransposeGeometry {
  const attributes = readWindow(context, input.length, kernel);
  const padding = outputPadding(context, input.length);
  const stated = statedOutput(context, input.length);
  const spatial = stated ?? input.map((size, i) => outputDim(attributes, padding, i, size) as number);
  const { strides, dilations, autoPad } = attributes;
  const isSame = autoPad === 'SAME_UPPER' || autoPad === 'SAME_LOWER';
  if (!stated && !isSame) {
    const { padsBegin, padsEnd } = attributes;
    return { window: { kernel, strides, dilations, padsBegin, padsEnd }, spatial };
  }
  // The specification gives the odd element to the end for SAME_UPPER, and to the beginning otherwise.
  const pads = input.map((size, i) =>
    splitPads((fullSize(attributes, padding, i, size) as number) - spatial[i], autoPad === 'SAME_UPPER'),
  );
  const [padsBegin, padsEnd] = [pads.map((pad) => pad.padBegin), pads.map((pad) => pad.padEnd)];
  return { window: { kernel, strides, dilations, padsBegin, padsEnd }, spatial };
}
