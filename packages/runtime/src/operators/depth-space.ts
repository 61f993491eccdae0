import type { Dim } from '../graph.js';
import { divideDims, multiplyDims, showDims } from './helpers.js';
import type { NodeContext, Operator } from './types.js';
import { emitRearrangement, takeRearrangement, viewOf, type Rearrangement, type View } from './views.js';

function blockSize(context: NodeContext): number {
  const size = context.attributes.int('blocksize');
  return size > 0 ? size : context.fail(`blocksize is ${size}; it must be 1 or more`);
}

function checkRank(context: NodeContext, shape: readonly Dim[]): void {
  if (shape.length !== 4)
    context.fail(`the input ${showDims(shape)} has rank ${shape.length}; it must be [N, C, H, W]`);
}

function requireMultiple(context: NodeContext, size: Dim, divisor: number, what: string): void {
  if (typeof size === 'number' && size % divisor !== 0) context.fail(`${what} ${size} is no multiple of ${divisor}`);
}

/** C holds (block row, block column, channel) in mode DCR and (channel, block row, block column) in CRD. */
function depthToSpace(context: NodeContext, { shape, strides, offset }: View): Rearrangement {
  const block = blockSize(context);
  const [n, c, h, w] = shape;
  const [sn, sc, sh, sw] = strides;
  const depth = c / block ** 2;
  const isCrd = isCrdMode(context);
  const [row, column, channel] = isCrd ? [block, 1, block ** 2] : [depth * block, depth, 1];
  return {
    view: {
      shape: [n, depth, h, block, w, block],
      strides: [sn, channel * sc, sh, row * sc, sw, column * sc],
      offset,
    },
    groups: [[0], [1], [2, 3], [4, 5]],
  };
}

function isCrdMode(context: NodeContext): boolean {
  const mode = context.attributes.string('mode', 'DCR');
  if (mode !== 'DCR' && mode !== 'CRD') context.fail(`mode is "${mode}"; it must be DCR or CRD`);
  return mode === 'CRD';
}

function spaceToDepth(context: NodeContext, { shape, strides, offset }: View): Rearrangement {
  const block = blockSize(context);
  const isCrd = isCrdMode(context);
  const [n, c, h, w] = shape;
  const [sn, sc, sh, sw] = strides;
  return {
    view: {
      shape: [n, ...(isCrd ? [c, block, block] : [block, block, c]), h / block, w / block],
      strides: [sn, ...(isCrd ? [sc, sh, sw] : [sh, sw, sc]), block * sh, block * sw],
      offset,
    },
    groups: [[0], [1, 2, 3], [4], [5]],
  };
}

function rearranging(
  type: string,
  since: number,
  shapeOf: (context: NodeContext, shape: readonly Dim[], block: number) => readonly Dim[],
  rearrange: (context: NodeContext, source: View) => Rearrangement,
): Operator {
  return {
    type,
    domain: '',
    since,
    infer(context) {
      const { dataType, shape } = context.type(0);
      if (!shape) return [{ dataType }];
      checkRank(context, shape);
      return [{ dataType, shape: shapeOf(context, shape, blockSize(context)) }];
    },
    evaluate(context) {
      const x = context.input(0);
      return [takeRearrangement(x, rearrange(context, viewOf(x)))];
    },
    lower(context) {
      const x = context.input(0);
      context.output(0, emitRearrangement(context, x, rearrange(context, x)));
    },
  };
}

/** DepthToSpace and SpaceToDepth on [N, C, H, W]. */
export const depthSpaceOperators: readonly Operator[] = [
  rearranging(
    'DepthToSpace',
    1,
    (context, [n, c, h, w], block) => {
      requireMultiple(context, c, block ** 2, 'the number of channels');
      return [n, divideDims(c, block ** 2), multiplyDims(h, block), multiplyDims(w, block)];
    },
    depthToSpace,
  ),
  rearranging(
    'SpaceToDepth',
    1,
    (context, [n, c, h, w], block) => {
      requireMultiple(context, h, block, 'the height');
      requireMultiple(context, w, block, 'the width');
      return [n, multiplyDims(c, block ** 2), divideDims(h, block), divideDims(w, block)];
    },
    spaceToDepth,
  ),
];
