import type { NodeContext } from './types.js';

/** An activation of a recurrent network, as both the host and the kernel need it. */
export interface RecurrentActivation {
  readonly apply: (x: number) => number;
  /** WGSL of the result for an f32 named x; `sigmoid_f32`, `tanh_f32` and `softplus_f32` are declared. */
  readonly code: string;
}

interface Definition {
  /** Defaults of alpha and beta, as many as the function takes. */
  readonly defaults: readonly number[];
  readonly apply: (x: number, alpha: number, beta: number) => number;
  /** In terms of x, ALPHA and BETA. */
  readonly code: string;
}

const definitions: Readonly<Record<string, Definition>> = {
  relu: { defaults: [], apply: (x) => Math.max(0, x), code: 'max(x, 0.0)' },
  tanh: { defaults: [], apply: Math.tanh, code: 'tanh_f32(x)' },
  sigmoid: { defaults: [], apply: (x) => 1 / (1 + Math.exp(-x)), code: 'sigmoid_f32(x)' },
  affine: { defaults: [1, 0], apply: (x, alpha, beta) => alpha * x + beta, code: 'ALPHA * x + BETA' },
  leakyrelu: { defaults: [0.01], apply: (x, alpha) => (x < 0 ? alpha * x : x), code: 'select(x, ALPHA * x, x < 0.0)' },
  thresholdedrelu: {
    defaults: [1],
    apply: (x, alpha) => (x >= alpha ? x : 0),
    code: 'select(0.0, x, x >= ALPHA)',
  },
  scaledtanh: {
    defaults: [1, 1],
    apply: (x, alpha, beta) => alpha * Math.tanh(beta * x),
    code: 'ALPHA * tanh_f32(BETA * x)',
  },
  hardsigmoid: {
    defaults: [0.2, 0.5],
    apply: (x, alpha, beta) => Math.min(1, Math.max(0, alpha * x + beta)),
    code: 'clamp(ALPHA * x + BETA, 0.0, 1.0)',
  },
  elu: {
    defaults: [1],
    apply: (x, alpha) => (x < 0 ? alpha * Math.expm1(x) : x),
    code: 'select(x, ALPHA * (exp(min(x, 0.0)) - 1.0), x < 0.0)',
  },
  softsign: { defaults: [], apply: (x) => x / (1 + Math.abs(x)), code: 'x / (1.0 + abs(x))' },
  softplus: {
    defaults: [],
    apply: (x) => Math.max(0, x) + Math.log1p(Math.exp(-Math.abs(x))),
    code: 'softplus_f32(x)',
  },
};

function wgslNumber(value: number): string {
  const text = String(Math.fround(value));
  return `(${/[.e]/.test(text) ? text : `${text}.0`})`;
}

/**
 * The node's activations, `defaults.length` a direction. activation_alpha and activation_beta hold numbers for those
 * functions only that take them, in order.
 */
export function recurrentActivations(
  context: NodeContext,
  defaults: readonly string[],
  directions: number,
): readonly RecurrentActivation[] {
  const { attributes } = context;
  const repeated = Array.from({ length: directions }, () => defaults).flat();
  const names = attributes.strings('activations', repeated);
  if (names.length !== repeated.length) {
    context.fail(`activations holds ${names.length} names; ${repeated.length} are right`);
  }
  const [alphas, betas] = [
    [...attributes.floats('activation_alpha', [])],
    [...attributes.floats('activation_beta', [])],
  ];
  return names.map((name) => {
    const definition = definitions[name.toLowerCase()] ?? context.fail(`activation "${name}" is not known`);
    const alpha = definition.defaults.length > 0 ? (alphas.shift() ?? definition.defaults[0]) : 0;
    const beta = definition.defaults.length > 1 ? (betas.shift() ?? definition.defaults[1]) : 0;
    return {
      apply: (x) => definition.apply(x, alpha, beta),
      code: definition.code.replaceAll('ALPHA', wgslNumber(alpha)).replaceAll('BETA', wgslNumber(beta)),
    };
  });
}
