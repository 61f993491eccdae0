import { readActivation } from './activation.js';
import { evaluateConv } from './conv-evaluate.js';
import { inferConv } from './conv-infer.js';
import { lowerConv } from './conv-lower.js';
import type { Operator } from './types.js';

/**
 * Conv, and FusedConv of domain 'tessera': inputs X, W, B and a residual of the output's shape, both optional; Conv's
 * attributes, `activation` (the kind of an ActivationFunction) and `activation_params` (its numbers).
 */
export const convOperators: readonly Operator[] = [
  {
    type: 'Conv',
    domain: '',
    since: 1,
    infer: inferConv,
    evaluate: evaluateConv,
    lower: (context) => lowerConv(context, {}),
  },
  {
    type: 'FusedConv',
    domain: 'tessera',
    since: 1,
    infer: inferConv,
    evaluate: evaluateConv,
    lower: (context) =>
      lowerConv(context, {
        residual: context.hasInput(3) ? context.input(3) : undefined,
        activation: readActivation(context),
      }),
  },
];
