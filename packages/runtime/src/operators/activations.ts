import { applyActivation } from './activation.js';
import { elementwiseOperator, type ElementwiseDefinition } from './elementwise.js';
import type { Operator } from './types.js';

const softplus = (x: number) => Math.max(0, x) + Math.log1p(Math.exp(-Math.abs(x)));

const geluTanh = 'return 0.5 * a * (1.0 + tanh_f32(0.7978845608 * (a + 0.044715 * a * a * a)));';

const definitions: readonly ElementwiseDefinition[] = [
  { type: 'Relu', wgsl: 'return select(a, A(0), a < A(0));', host: ([a]) => Math.max(0, a) },
  {
    type: 'LeakyRelu',
    params: { alpha: 0.01 },
    wgsl: 'return select(a, params.alpha * a, a < 0.0);',
    host: ([a], { alpha }) => (a < 0 ? alpha * a : a),
  },
  {
    type: 'ThresholdedRelu',
    since: 10,
    params: { alpha: 1 },
    wgsl: 'return select(0.0, a, a > params.alpha);',
    host: ([a], { alpha }) => (a > alpha ? a : 0),
  },
  {
    type: 'Elu',
    params: { alpha: 1 },
    wgsl: 'return select(a, params.alpha * expm1_f32(a), a < 0.0);',
    functions: ['expm1'],
    host: ([a], { alpha }) => (a < 0 ? alpha * Math.expm1(a) : a),
  },
  {
    type: 'Selu',
    params: { alpha: 1.6732632423543772, gamma: 1.0507009873554805 },
    wgsl: 'return params.gamma * select(a, params.alpha * expm1_f32(a), a < 0.0);',
    functions: ['expm1'],
    host: ([a], { alpha, gamma }) => gamma * (a < 0 ? alpha * Math.expm1(a) : a),
  },
  {
    type: 'Celu',
    since: 12,
    params: { alpha: 1 },
    wgsl: 'return select(a, params.alpha * expm1_f32(a / params.alpha), a < 0.0);',
    functions: ['expm1'],
    host: ([a], { alpha }) => (a < 0 ? alpha * Math.expm1(a / alpha) : a),
  },
  { type: 'Softplus', wgsl: 'return softplus_f32(a);', functions: ['softplus'], host: ([a]) => softplus(a) },
  { type: 'Softsign', wgsl: 'return a / (1.0 + abs(a));', host: ([a]) => a / (1 + Math.abs(a)) },
  {
    type: 'Sigmoid',
    wgsl: 'return sigmoid_f32(a);',
    functions: ['sigmoid'],
    host: ([a]) => applyActivation({ kind: 'sigmoid' }, a),
  },
  {
    type: 'HardSigmoid',
    params: { alpha: 0.2, beta: 0.5 },
    wgsl: 'return clamp(params.alpha * a + params.beta, 0.0, 1.0);',
    host: ([a], { alpha, beta }) => applyActivation({ kind: 'hard-sigmoid', alpha, beta }, a),
  },
  {
    type: 'HardSwish',
    since: 14,
    wgsl: 'return a * clamp(a / 6.0 + 0.5, 0.0, 1.0);',
    host: ([a]) => applyActivation({ kind: 'hard-swish' }, a),
  },
  {
    type: 'Mish',
    since: 18,
    wgsl: 'return a * tanh_f32(softplus_f32(a));',
    functions: ['tanh', 'softplus'],
    host: ([a]) => a * Math.tanh(softplus(a)),
  },
  { type: 'Tanh', wgsl: 'return tanh_f32(a);', functions: ['tanh'], host: ([a]) => Math.tanh(a) },
  {
    type: 'Silu',
    domain: 'tessera',
    wgsl: 'return a * sigmoid_f32(a);',
    functions: ['sigmoid'],
    host: ([a]) => applyActivation({ kind: 'silu' }, a),
  },
  {
    type: 'Swish',
    since: 24,
    params: { alpha: 1 },
    wgsl: 'return a * sigmoid_f32(params.alpha * a);',
    functions: ['sigmoid'],
    host: ([a], { alpha }) => a * applyActivation({ kind: 'sigmoid' }, alpha * a),
  },
  {
    type: 'QuickGelu',
    domain: 'com.microsoft',
    params: { alpha: 1.702 },
    wgsl: 'return a * sigmoid_f32(params.alpha * a);',
    functions: ['sigmoid'],
    host: ([a], { alpha }) => a * applyActivation({ kind: 'sigmoid' }, alpha * a),
  },
];

const erfGelu: ElementwiseDefinition = {
  type: 'Gelu',
  wgsl: 'return 0.5 * a * (1.0 + erf_f32(a * 0.7071067812));',
  functions: ['erf'],
  host: ([a]) => applyActivation({ kind: 'gelu' }, a),
};

const exactGelu = elementwiseOperator(erfGelu, 1);

const tanhGelu = elementwiseOperator(
  { ...erfGelu, wgsl: geluTanh, functions: ['tanh'], host: ([a]) => applyActivation({ kind: 'gelu-tanh' }, a) },
  1,
);

/** Gelu picks its formula by the attribute `approximate`. */
const gelu: Operator = {
  type: 'Gelu',
  domain: '',
  since: 20,
  infer(context) {
    const approximate = context.attributes.string('approximate', 'none');
    if (approximate !== 'none' && approximate !== 'tanh') {
      context.fail(`attribute approximate is "${approximate}"; it must be "none" or "tanh"`);
    }
    return exactGelu.infer(context);
  },
  evaluate: (context) => geluOf(context.attributes.string('approximate', 'none')).evaluate!(context),
  lower: (context) => geluOf(context.attributes.string('approximate', 'none')).lower!(context),
};

function geluOf(approximate: string): Operator {
  return approximate === 'tanh' ? tanhGelu : exactGelu;
}

/** Activation functions of one input. */
export const activationOperators: readonly Operator[] = [
  ...definitions.map((definition) => elementwiseOperator(definition, 1)),
  gelu,
  { ...exactGelu, domain: 'com.microsoft' },
];
