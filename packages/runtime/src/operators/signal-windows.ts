import type { Tensor } from '../tensor.js';
import { dataTypeOf } from './cast.js';
import { fromNumbers, toNumbers } from './helpers.js';
import type { EvaluateContext, Operator } from './types.js';

/** Weights of cos(2 pi k n / N), k being the place in the list, with their signs. */
const cosines = {
  HannWindow: [0.5, -0.5],
  HammingWindow: [25 / 46, -21 / 46],
  BlackmanWindow: [0.42, -0.5, 0.08],
} as const;

function evaluate(context: EvaluateContext, weights: readonly number[]): readonly Tensor[] {
  const [size] = toNumbers(context.input(0));
  if (size < 0) context.fail(`the size is ${size}; it must not be negative`);
  const isPeriodic = context.attributes.int('periodic', 1) !== 0;
  const period = Math.max(1, isPeriodic ? size : size - 1);
  const values = Float64Array.from({ length: size }, (_, n) =>
    weights.reduce((sum, weight, k) => sum + weight * Math.cos((2 * Math.PI * k * n) / period), 0),
  );
  return [fromNumbers(dataTypeOf(context, 'output_datatype', 1), [size], values)];
}

/** Windows of a constant size, which are constants themselves. */
export const signalWindowOperators: readonly Operator[] = Object.entries(cosines).map(([type, weights]) => ({
  type,
  domain: '',
  since: 17,
  infer: (context) => [
    {
      dataType: dataTypeOf(context, 'output_datatype', 1),
      shape: [context.dims(0)?.[0] ?? context.unknown()],
    },
  ],
  evaluate: (context) => evaluate(context, weights),
}));
