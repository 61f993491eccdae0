import type { Model } from '@tessera/onnx-loader';
import { bindSizes } from './bind-sizes.js';
import type { TypedGraph } from './graph.js';
import { hostTensor } from './passes/constants.js';
import { importModel } from './passes/import-model.js';
import { inlineIf } from './passes/inline-if.js';
import { propagate, unsupported } from './passes/propagate.js';
import type { Tensor } from './tensor.js';

/** Every value of a model for given inputs, under its name in the file. */
export interface ReferenceValues {
  /** Whether there is such a value. */
  has(name: string): boolean;
  /** The value, or undefined where there is none. */
  get(name: string): Tensor | undefined;
}

/**
 * Evaluates a model on the CPU, node by node as ONNX defines them, in plain loops without fusion: slow, and a measure
 * for what the GPU computes. All values are kept in memory.
 * @throws TesseraError UNSUPPORTED_OPERATOR naming the nodes that have no such evaluation.
 */
export function evaluateModel(model: Model, feeds: Readonly<Record<string, Tensor>>): ReferenceValues {
  const graph = importModel(model);
  bindSizes(graph, feeds);
  const constants = new Map(graph.constants);
  for (const [name, tensor] of Object.entries(feeds)) constants.set(name, { kind: 'host', tensor });
  const evaluated = settle({ ...graph, inputs: [], constants });
  if (evaluated.nodes.length > 0) throw unsupported(evaluated.nodes, 'without an evaluation on the CPU');
  return {
    has: (name) => evaluated.constants.has(name),
    get: (name) => {
      const constant = evaluated.constants.get(name);
      return constant && hostTensor(constant);
    },
  };
}

/** Folds all nodes, and the branches of every If as its condition becomes known. */
function settle(graph: TypedGraph): TypedGraph {
  const folded = propagate(graph);
  const next = inlineIf(folded);
  return next === folded ? folded : settle(next);
}
