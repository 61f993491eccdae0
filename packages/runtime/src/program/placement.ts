import type { TypedGraph, TypedNode } from '../graph.js';
import type { Layout, Operand } from '../operators/types.js';
import { denseStrides } from './layout.js';

/** Where a value can be made so that a concatenation need not copy it: the node, and which of its inputs it is. */
export interface Place {
  readonly concat: TypedNode;
  readonly index: number;
}

/**
 * Which values can be made in their window of a concatenation. A value of several concatenations goes into the one of the
 * most inputs: of a chain in which each adds to the one before, the last holds the others as its beginnings.
 */
export function placesOf(graph: TypedGraph): ReadonlyMap<string, Place> {
  const made = new Set(graph.nodes.flatMap((node) => node.outputs));
  const places = new Map<string, Place>();
  const concats = graph.nodes.filter(
    ({ opType, domain, inputs }) => opType === 'Concat' && domain === '' && inputs.length > 1,
  );
  for (const concat of [...concats].sort((a, b) => b.inputs.length - a.inputs.length)) {
    concat.inputs.forEach((name, index) => {
      const isRepeated = concat.inputs.indexOf(name) !== concat.inputs.lastIndexOf(name);
      if (made.has(name) && !places.has(name) && !isRepeated) places.set(name, { concat, index });
    });
  }
  return places;
}

/** The axis of a Concat node, of a rank. */
export function concatAxis(node: TypedNode, rank: number): number {
  const attribute = node.attributes.get('axis');
  const axis = attribute?.type === 'int' ? attribute.value : 0;
  return axis < 0 ? axis + rank : axis;
}

/** The window of `whole` from `first` on along an axis, of a part's shape. */
function windowOf(whole: Operand, shape: readonly number[], axis: number, first: number): Operand {
  return { ...whole, shape, offset: whole.offset + first * whole.strides[axis] };
}

/** The windows of parts that stand side by side along an axis. */
export function windowsOf(whole: Operand, shapes: readonly (readonly number[])[], axis: number): Operand[] {
  let first = 0;
  return shapes.map((shape) => {
    const window = windowOf(whole, shape, axis, first);
    first += shape[axis];
    return window;
  });
}

export function isSamePlace(a: Operand, b: Operand): boolean {
  const sameStride = (stride: number, axis: number) => a.shape[axis] === 1 || stride === b.strides[axis];
  return a.buffer === b.buffer && a.offset === b.offset && a.strides.every(sameStride);
}

/** Operands that stand side by side along an axis already, as one; undefined where they do not. */
export function joinedView(parts: readonly Operand[], shape: readonly number[], axis: number): Operand | undefined {
  const [first] = parts;
  // A part that is 1 thick tells no stride along the axis; any thicker one tells it for all.
  const thick = parts.find((part) => part.shape[axis] > 1) ?? first;
  const whole = { ...first, shape, strides: first.strides.map((s, i) => (i === axis ? thick.strides[axis] : s)) };
  const windows = windowsOf(
    whole,
    parts.map((part) => part.shape),
    axis,
  );
  return parts.every((part, i) => isSamePlace(part, windows[i])) ? whole : undefined;
}

/**
 * The layout in whose order an operand's dimensions lie, dense or not: channels innermost and the others as they come, or
 * row-major.
 */
export function orderOf({ shape, strides }: Pick<Operand, 'shape' | 'strides'>): Layout {
  if (shape.length < 3) return 'row-major';
  const descends = (layout: Layout) => {
    const dense = denseStrides(shape, layout);
    const axes = shape.map((_, axis) => axis).filter((axis) => shape[axis] > 1);
    const order = axes.sort((a, b) => dense[b] - dense[a]);
    return order.every((axis, i) => i === 0 || strides[order[i - 1]] >= strides[axis] * shape[axis]);
  };
  return !descends('row-major') && descends('channels-last') ? 'channels-last' : 'row-major';
}
