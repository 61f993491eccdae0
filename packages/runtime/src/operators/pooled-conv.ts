import { planPooledConv, type ActivationLayout, type PooledConvProblem } from '@tessera/conv-kernels';
import type { Window } from '../kernels/volume.js';
import { ofF32Input } from './f32-input.js';
import { emitPlan, planned } from './plan-emission.js';
import type { DeferredConv, LowerContext, Operand } from './types.js';

/**
 * Emits the maxima over windows of a deferred convolution's output together with the convolution, as one kernel, where
 * that is predicted to be faster; false where `x` is no such output, or is to be pooled as any other tensor.
 */
export function emitPooledConv(context: LowerContext, window: Window, x: Operand, y: Operand): boolean {
  const conv = context.deferred(x);
  if (conv?.kind !== 'conv' || !isWhole(x, conv) || window.dilations.some((dilation) => dilation !== 1)) return false;
  const direct = ofF32Input(context, conv.problem, conv.x);
  const problem: PooledConvProblem = {
    conv: direct?.problem ?? conv.problem,
    pool: {
      kernel: pair(window.kernel),
      stride: pair(window.strides),
      padBegin: pair(window.padsBegin),
      output: pair(y.shape.slice(2)),
    },
    output: { offset: y.offset, strides: y.strides as unknown as ActivationLayout['strides'] },
  };
  context.choose({ kind: 'pooled-conv', problem });
  const plan = planned(context, () => planPooledConv(problem, context.profile, context.algorithms));
  if (!plan) return false;
  context.absorb(conv);
  if (direct?.conversion) context.absorb(direct.conversion);
  emitPlan(context, plan, { input: direct?.x ?? conv.x, weights: conv.weights(plan), bias: conv.bias, output: y });
  return true;
}

function pair([first, second]: readonly number[]): readonly [number, number] {
  return [first, second];
}

/** Whether an operand is a deferred result as it is, and of images. */
function isWhole(x: Operand, { result }: DeferredConv): boolean {
  return (
    x.shape.length === 4 &&
    x.offset === result.offset &&
    x.shape.every((size, axis) => size === result.shape[axis] && x.strides[axis] === result.strides[axis])
  );
}
