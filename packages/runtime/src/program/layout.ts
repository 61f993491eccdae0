import type { ElementType } from '@tessera/conv-kernels';
import type { Layout, Operand } from '../operators/types.js';

export function byteSize(elementType: ElementType): number {
  return elementType === 'f16' ? 2 : 4;
}

/** Element strides of a dense tensor; in channels-last, dimension 1 is innermost ([N, C, H, W] lies as NHWC). */
export function denseStrides(shape: readonly number[], layout: Layout): number[] {
  const order = shape.map((_, axis) => axis);
  if (layout === 'channels-last' && shape.length >= 3) order.push(order.splice(1, 1)[0]);
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (const axis of order.reverse()) {
    strides[axis] = step;
    step *= shape[axis];
  }
  return strides;
}

/** Whether an operand's strides are those of a dense layout; strides of dimensions of size 1 do not matter. */
export function hasLayout(operand: Pick<Operand, 'shape' | 'strides'>, layout: Layout): boolean {
  return denseStrides(operand.shape, layout).every(
    (stride, axis) => operand.shape[axis] === 1 || stride === operand.strides[axis],
  );
}

/** The dense layout an operand has, row-major where both fit; undefined for a view with other strides. */
export function layoutOf(operand: Pick<Operand, 'shape' | 'strides'>): Layout | undefined {
  if (hasLayout(operand, 'row-major')) return 'row-major';
  return hasLayout(operand, 'channels-last') ? 'channels-last' : undefined;
}
