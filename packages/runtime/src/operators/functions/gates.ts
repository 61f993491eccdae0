import type { ExpandContext, FunctionOperator } from '../types.js';
import { call, float, int, shapeOf, vector } from './build.js';

/** Swish(A) * B. */
function swiGlu(context: ExpandContext): void {
  const gate = call(context, 'Swish', [context.inputName(0)], { alpha: float(context.attributes.float('alpha', 1)) });
  context.result(0, call(context, 'Mul', [gate, context.inputName(1)]));
}

/**
 * A depthwise convolution along the last dimension of [batch, channel, step] whose padding is what came before: the last
 * K - 1 steps of the input and of `past_state` together are the second output.
 */
function causalConv(context: ExpandContext): void {
  const activation = context.attributes.string('activation', 'none');
  if (!['none', '', 'silu', 'swish'].includes(activation)) {
    context.fail(`activation is "${activation}"; it must be none, silu or swish`);
  }
  const [x, weights] = [context.inputName(0), context.inputName(1)];
  const [channels, , taps] = shapeOf(context, weights, 'weight');
  if (typeof channels !== 'number' || typeof taps !== 'number') context.fail('the shape of weight must be known');
  const kept = Number(taps) - 1;
  const padded = context.hasInput(3)
    ? call(context, 'Concat', [context.inputName(3), x], { axis: int(2) })
    : call(context, 'Pad', [x, vector(context, [0, 0, kept, 0, 0, 0])]);
  const inputs = [padded, weights, context.inputName(2)].filter((name) => name !== '');
  const y = call(context, 'Conv', inputs, { group: int(Number(channels)) });
  context.result(0, activation === 'silu' || activation === 'swish' ? call(context, 'Swish', [y]) : y);
  if (!context.hasOutput(1)) return;
  const [from, to, axis] = [[kept === 0 ? Number.MAX_SAFE_INTEGER : -kept], [Number.MAX_SAFE_INTEGER], [2]];
  const ends = [from, to, axis].map((values) => vector(context, values));
  context.result(1, call(context, 'Slice', [padded, ...ends]));
}

/** Gates and convolutions of sequence models. */
export const gateFunctions: readonly FunctionOperator[] = [
  { type: 'SwiGLU', domain: '', since: 1, expand: swiGlu },
  { type: 'CausalConvWithState', domain: '', since: 1, expand: causalConv },
];
