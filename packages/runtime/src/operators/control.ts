import type { Tensor } from '../tensor.js';
import { toNumbers } from './numbers.js';
import type { NodeContext } from './types.js';

/** The one element of a condition. */
export function booleanOf(context: NodeContext, tensor: Tensor, what: string): boolean {
  if (tensor.data.length !== 1) context.fail(`${what} has ${tensor.data.length} elements; it must have one`);
  return toNumbers(tensor)[0] !== 0;
}
