import type { ExpandContext, FunctionOperator } from '../types.js';
import { call, float, scalarLike, text } from './build.js';

/** The value plus an input, where that is given. */
export function plusInput(context: ExpandContext, value: string, index: number): string {
  return context.hasInput(index) ? call(context, 'Add', [value, context.inputName(index)]) : value;
}

const tanhGelu = { approximate: text('tanh') };

function quickGelu(context: ExpandContext): void {
  const x = context.inputName(0);
  const alpha = scalarLike(context, x, context.attributes.float('alpha', 1.702));
  const gate = call(context, 'Sigmoid', [call(context, 'Mul', [x, alpha])]);
  context.result(0, call(context, 'Mul', [x, gate]));
}

/** One half of the last dimension times the Gelu of the other. */
function biasSplitGelu(context: ExpandContext): void {
  const sum = plusInput(context, context.inputName(0), 1);
  const [left, right] = context.add(
    'Split',
    [sum],
    { axis: { type: 'int', value: -1 }, num_outputs: { type: 'int', value: 2 } },
    { outputs: 2 },
  );
  context.result(0, call(context, 'Mul', [left, call(context, 'Gelu', [right])]));
}

/** Activations that a fused operator of com.microsoft may name, with the attributes their numbers become. */
const named: Readonly<Record<string, readonly string[]>> = {
  Relu: [],
  Tanh: [],
  Sigmoid: [],
  LeakyRelu: ['alpha'],
  HardSigmoid: ['alpha', 'beta'],
};

/** What the attributes `activation` and `activation_params` say is applied to a value. */
export function withActivation(context: ExpandContext, value: string): string {
  const kind = context.attributes.string('activation', '');
  const numbers = context.attributes.floats('activation_params', []);
  if (kind === '') return value;
  if (kind === 'Clip') {
    return call(context, 'Clip', [value, ...numbers.slice(0, 2).map((bound) => scalarLike(context, value, bound))]);
  }
  const names = named[kind];
  if (!names) context.fail(`activation "${kind}" is not one of Clip, ${Object.keys(named).join(', ')}`);
  const attributes = names.slice(0, numbers.length).map((name, i) => [name, float(numbers[i])] as const);
  return call(context, kind, [value], Object.fromEntries(attributes));
}

const microsoft = (type: string, expand: FunctionOperator['expand']): FunctionOperator => ({
  type,
  domain: 'com.microsoft',
  since: 1,
  expand,
});

/** Activations of com.microsoft, with a bias added first where they take one. */
export const activationFunctions: readonly FunctionOperator[] = [
  microsoft('Gelu', (context) => context.result(0, call(context, 'Gelu', [context.inputName(0)]))),
  microsoft('BiasGelu', (context) =>
    context.result(0, call(context, 'Gelu', [plusInput(context, context.inputName(0), 1)])),
  ),
  microsoft('FastGelu', (context) =>
    context.result(0, call(context, 'Gelu', [plusInput(context, context.inputName(0), 1)], tanhGelu)),
  ),
  microsoft('QuickGelu', quickGelu),
  microsoft('BiasSplitGelu', biasSplitGelu),
  microsoft('BiasAdd', (context) =>
    context.result(0, plusInput(context, plusInput(context, context.inputName(0), 1), 2)),
  ),
];
