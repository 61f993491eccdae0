import type { ActivationFunction } from '@tessera/conv-kernels';
import type { NodeContext } from './types.js';

/** The activation a fused node ends with: attribute `activation`, its numbers in `activation_params`. */
export function readActivation(context: NodeContext): ActivationFunction | undefined {
  if (!context.attributes.has('activation')) return undefined;
  const kind = context.attributes.string('activation');
  const [first, second] = context.attributes.floats('activation_params', []);
  switch (kind) {
    case 'clip':
      return { kind, min: first, max: second };
    case 'leaky-relu':
      return { kind, alpha: first };
    case 'hard-sigmoid':
      return { kind, alpha: first, beta: second };
    case 'relu':
    case 'sigmoid':
    case 'hard-swish':
    case 'silu':
    case 'gelu':
    case 'gelu-tanh':
    case 'tanh':
      return { kind };
    default:
      return context.fail(`activation "${kind}" is not known`);
  }
}

/** The activation on the host, for evaluation. */
export function applyActivation(activation: ActivationFunction | undefined, x: number): number {
  switch (activation?.kind) {
    case undefined:
      return x;
    case 'relu':
      return Math.max(0, x);
    case 'clip':
      return Math.min(activation.max, Math.max(activation.min, x));
    case 'leaky-relu':
      return x < 0 ? activation.alpha * x : x;
    case 'sigmoid':
      return 1 / (1 + Math.exp(-x));
    case 'hard-sigmoid':
      return Math.min(1, Math.max(0, activation.alpha * x + activation.beta));
    case 'hard-swish':
      return x * Math.min(1, Math.max(0, x / 6 + 0.5));
    case 'silu':
      return x / (1 + Math.exp(-x));
    case 'gelu':
      return 0.5 * x * (1 + erf(x / Math.SQRT2));
    case 'gelu-tanh':
      return 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
    case 'tanh':
      return Math.tanh(x);
  }
}

/** The error function by its Maclaurin series near 0 and its continued fraction beyond (Abramowitz and Stegun 7.1.5, 7.1.14). */
export function erf(x: number): number {
  const size = Math.abs(x);
  if (size > 6) return Math.sign(x);
  if (size < 3) {
    let term = x;
    let sum = x;
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
      term *= (-x * x) / n;
      sum += term / (2 * n + 1);
    }
    return (2 / Math.sqrt(Math.PI)) * sum;
  }
  let fraction = size;
  for (let n = 60; n > 0; n--) fraction = size + n / 2 / fraction;
  return Math.sign(x) * (1 - Math.exp(-size * size) / (Math.sqrt(Math.PI) * fraction));
}
