import type { FunctionOperator } from '../types.js';
import { activationFunctions } from './activations.js';
import { attentionFunctions } from './attention.js';
import { flexAttentionFunctions } from './flex-attention.js';
import { gateFunctions } from './gates.js';
import { integerFunctions } from './integer.js';
import { normalizationFunctions } from './normalizations.js';
import { placementFunctions } from './placement.js';
import { productFunctions } from './products.js';
import { quantizedFunctions } from './quantized.js';
import { signalFunctions } from './signal.js';

/** Every operator that others define, family by family. */
export const functionOperators: readonly FunctionOperator[] = [
  ...activationFunctions,
  ...attentionFunctions,
  ...flexAttentionFunctions,
  ...gateFunctions,
  ...integerFunctions,
  ...normalizationFunctions,
  ...placementFunctions,
  ...productFunctions,
  ...quantizedFunctions,
  ...signalFunctions,
];
