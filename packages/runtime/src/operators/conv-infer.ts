import type { Dim } from '../graph.js';
import type { Window } from '../kernels/volume.js';
import type { InferContext, InferResult, NodeContext } from './types.js';
import { readWindow, resolveWindow, windowOutputDim, type WindowAttributes } from './window.js';

/** Shapes of X [N, C, spatial...], W [M, C / group, spatial...] and the output, as Conv and FusedConv have them. */
export function inferConv(context: InferContext): readonly InferResult[] {
  const x = context.type(0);
  const w = context.type(1);
  if (!x.shape) return [{ dataType: x.dataType }];
  const rank = x.shape.length - 2;
  if (rank < 1 || rank > 3) {
    context.fail(
      `X has rank ${x.shape.length}; convolutions of 1, 2 or 3 spatial dimensions (rank 3 to 5) are supported`,
    );
  }
  const [outChannels, perGroup, ...kernel] = numericShape(context, w.shape);
  if (kernel.length !== rank) context.fail(`W has rank ${kernel.length + 2} but X has rank ${x.shape.length}`);
  const group = context.attributes.int('group', 1);
  if (group < 1 || outChannels % group !== 0) {
    context.fail(`W has ${outChannels} output channels, which group ${group} does not divide`);
  }
  const channels = x.shape[1];
  if (typeof channels === 'number' && channels !== perGroup * group) {
    context.fail(`X has ${channels} channels but W needs ${perGroup} x group ${group} = ${perGroup * group}`);
  }
  const window = readWindow(context, rank, kernel);
  const spatial = x.shape.slice(2).map((size, i) => windowOutputDim(context, window, i, size));
  return [{ dataType: x.dataType, shape: [x.shape[0], outChannels, ...spatial] }];
}

function numericShape(context: NodeContext, shape: readonly Dim[] | undefined): number[] {
  if (!shape || shape.length < 3 || shape.some((d) => typeof d !== 'number')) {
    return context.fail(
      `W has shape ${shape ? `[${shape.join(', ')}]` : 'unknown'}; its sizes must be known and its rank 3 or more`,
    );
  }
  return shape as number[];
}

/** The window of a convolution whose shapes are known. */
export function convWindow(context: NodeContext, x: readonly number[], w: readonly number[]): Window {
  const attributes: WindowAttributes = readWindow(context, x.length - 2, w.slice(2));
  return resolveWindow(attributes, x.slice(2));
}
