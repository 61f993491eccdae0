import { readsF32Input, type ConvProblem } from '@tessera/conv-kernels';
import { convOptions } from '../program/choices.js';
import type { Deferred, LowerContext, Operand } from './types.js';

/** What a convolution reads: with `conversion`, an input of the program as it came, in place of that conversion. */
interface ConvInput {
  readonly problem: ConvProblem;
  readonly x: Operand;
  readonly conversion?: Deferred;
}

/** A convolution of an input of the program as it came, where `x` is its conversion and no other node reads that. */
export function ofF32Input(context: LowerContext, problem: ConvProblem, x: Operand): ConvInput | undefined {
  const conversion = context.deferred(x);
  if (conversion?.kind !== 'conversion' || problem.elementType !== 'f16') return undefined;
  const { from, result } = conversion;
  const isWhole = x.offset === result.offset && x.shape.length === result.shape.length;
  if (!isWhole || x.strides.some((stride, axis) => stride !== result.strides[axis])) return undefined;
  return { problem: { ...problem, f32Input: true }, x: from, conversion };
}

/** The same where it is predicted to take less than both steps, else the convolution as it is. */
export function fasterInput(context: LowerContext, problem: ConvProblem, x: Operand): ConvInput {
  const direct = ofF32Input(context, problem, x);
  const isFaster = direct && readsF32Input(problem, context.profile, convOptions(context.algorithms));
  return isFaster ? direct : { problem, x };
}
