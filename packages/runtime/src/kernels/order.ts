import type { Operand } from '../operators/types.js';

/** Dimensions from the outermost to the innermost in memory. */
export function memoryOrder(operand: Pick<Operand, 'shape' | 'strides'>): number[] {
  return operand.shape.map((_, axis) => axis).sort((a, b) => operand.strides[b] - operand.strides[a] || a - b);
}

/** Picks entries by index. */
export function pick<T>(values: readonly T[], indices: readonly number[]): T[] {
  return indices.map((i) => values[i]);
}
