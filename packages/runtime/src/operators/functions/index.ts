import type { FunctionOperator } from '../types.js';
import { integerFunctions } from './integer.js';

/** Every operator that others define, family by family. */
export const functionOperators: readonly FunctionOperator[] = [...integerFunctions];
