import type { Operator } from '../types.js';
import { featureOperators } from './features.js';
import { labelEncoderOperators } from './label-encoder.js';
import { treeEnsembleOperators } from './tree-ensemble.js';

/** Operators of the domain ai.onnx.ml, which the host evaluates. */
export const mlOperators: readonly Operator[] = [
  ...featureOperators,
  ...labelEncoderOperators,
  ...treeEnsembleOperators,
];
