import { broadcastStrides } from './helpers.js';
import type { Operand } from './types.js';

/** The operand read as one of `target`'s shape. */
export function broadcastOperand(operand: Operand, target: readonly number[]): Operand {
  return { ...operand, shape: target, strides: broadcastStrides(operand.shape, operand.strides, target) };
}
