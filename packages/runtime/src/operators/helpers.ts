import type { Tensor } from '../tensor.js';
import { toNumbers } from './numbers.js';
import type { NodeContext } from './types.js';

export { makeAttributes } from './attributes.js';
export {
  addDims,
  areNumbers,
  broadcastDims,
  broadcastShape,
  broadcastStrides,
  divideDims,
  multiplyDims,
  productOfDims,
  showDims,
  subtractDims,
} from './dims.js';
export { fromNumbers, fromWrappedNumbers, isInteger, newArray, toNumbers } from './numbers.js';

/** An axis counted from the front; fails where it lies outside [-rank, rank). */
export function normalizeAxis(context: NodeContext, axis: number, rank: number): number {
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
    return context.fail(`axis ${axis} is outside [${-rank}, ${rank}) of a tensor of rank ${rank}`);
  }
  return axis < 0 ? axis + rank : axis;
}

/** Axes counted from the front, in the order given; fails where one is outside or given twice. */
export function normalizeAxes(context: NodeContext, axes: readonly number[], rank: number): number[] {
  const result = axes.map((axis) => normalizeAxis(context, axis, rank));
  if (new Set(result).size !== result.length) context.fail(`axes [${axes.join(', ')}] name a dimension twice`);
  return result;
}

/** A constant as whole numbers, where it is known. */
export function integersOf(tensor: Tensor | undefined): number[] | undefined {
  return tensor && Array.from(toNumbers(tensor));
}
