import type { FunctionOperator } from '../types.js';
import { activationFunctions } from './activations.js';
import { attentionFunctions } from './attention.js';
import { integerFunctions } from './integer.js';
import { normalizationFunctions } from './normalizations.js';
import { productFunctions } from './products.js';
import { quantizedFunctions } from './quantized.js';

/** Every operator that others define, family by family. */
export const functionOperators: readonly FunctionOperator[] = [
  ...activationFunctions,
  ...attentionFunctions,
  ...integerFunctions,
  ...normalizationFunctions,
  ...productFunctions,
  ...quantizedFunctions,
];
