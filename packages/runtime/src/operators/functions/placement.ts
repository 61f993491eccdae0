import { poolOutputShape } from '../unpool-shape.js';
import type { ExpandContext, FunctionOperator } from '../types.js';
import { range } from './attention-parts.js';
import { call, castTo, int, shapeOf, text, unsqueeze, vector } from './build.js';

/** Writes the update of each batch into its cache, from the batch's own place along `axis` on; or around its end. */
function tensorScatter(context: ExpandContext): void {
  const mode = context.attributes.string('mode', 'linear');
  if (mode !== 'linear' && mode !== 'circular') context.fail(`mode is "${mode}"; it must be linear or circular`);
  const [cache, update] = [context.inputName(0), context.inputName(1)];
  const shape = shapeOf(context, cache, 'past_cache');
  const rank = shape.length;
  const stated = context.attributes.int('axis', -2);
  const axis = stated < 0 ? stated + rank : stated;
  if (axis <= 0 || axis >= rank) context.fail(`axis ${stated} must lie behind the batch, in 1 to ${rank - 1}`);
  const steps = range(context, update, axis);
  const trailing = Array.from({ length: rank - 1 - axis }, (_, i) => i + 1);
  let places = unsqueeze(context, steps, trailing);
  if (context.hasInput(2)) {
    const first = castTo(context, context.inputName(2), 'int64');
    const ones = Array.from({ length: rank - 1 }, (_, i) => i + 1);
    places = call(context, 'Add', [unsqueeze(context, first, ones), places]);
  }
  if (mode === 'circular') {
    const length = call(context, 'Shape', [cache], { start: int(axis), end: int(axis + 1) });
    places = call(context, 'Mod', [places, length]);
  }
  const indices = call(context, 'Expand', [places, call(context, 'Shape', [update])]);
  context.result(0, call(context, 'ScatterElements', [cache, indices, update], { axis: int(axis) }));
}

/**
 * Puts each value at its place in the tensor that MaxPool took it from, zeros around; `output_shape` adds zeros behind every
 * dimension.
 */
function maxUnpool(context: ExpandContext): void {
  const x = context.inputName(0);
  const shape = shapeOf(context, x, 'X');
  if (shape.some((dim) => typeof dim !== 'number')) context.fail('the shape of X must be known');
  const pooled = poolOutputShape(context, shape as readonly number[]);
  const count = pooled.reduce((total, size) => total * size, 1);
  const flat = (value: string) => call(context, 'Reshape', [value, vector(context, [-1])]);
  const zero = call(context, 'CastLike', [call(context, 'ConstantOfShape', [vector(context, [count])]), x]);
  const values = call(context, 'ScatterElements', [zero, flat(context.inputName(1)), flat(x)], { axis: int(0) });
  const whole = call(context, 'Reshape', [values, vector(context, pooled)]);
  if (!context.hasInput(2)) return context.result(0, whole);
  const missing = call(context, 'Sub', [context.inputName(2), vector(context, pooled)]);
  const before = vector(
    context,
    pooled.map(() => 0),
  );
  const pads = call(context, 'Concat', [before, missing], { axis: int(0) });
  context.result(0, call(context, 'Pad', [whole, pads], { mode: text('constant') }));
}

/** Operators that put values at places of a larger tensor. */
export const placementFunctions: readonly FunctionOperator[] = [
  { type: 'TensorScatter', domain: '', since: 24, expand: tensorScatter },
  { type: 'MaxUnpool', domain: '', since: 9, expand: maxUnpool },
];
