import type { Model } from '@tessera/onnx-loader';
import { TesseraError } from '../errors.js';
import type { TypedGraph } from '../graph.js';
import { checkGraph } from './check-graph.js';
import { explicitBroadcast } from './explicit-broadcast.js';
import { foldAffine } from './fold-affine.js';
import { foldRowScales } from './fold-row-scales.js';
import { fuseActivations } from './fuse-activations.js';
import { fuseEpilogues } from './fuse-epilogues.js';
import { fuseQuantized } from './fuse-quantized.js';
import { importModel } from './import-model.js';
import { inlineIf } from './inline-if.js';
import { propagate, requireKnownOperators } from './propagate.js';
import { removeDead } from './remove-dead.js';
import { removeIdentity } from './remove-identity.js';
import { sinkTransposes } from './sink-transposes.js';

type Pass = readonly [name: string, run: (graph: TypedGraph) => TypedGraph];

/** In order; the graph is checked after each. */
const passes: readonly Pass[] = [
  ['propagate', (graph) => propagate(graph, undefined, { keepsQuantized: true })],
  ['inline-if', settleConditions],
  ['explicit-broadcast', explicitBroadcast],
  ['remove-identity', removeIdentity],
  ['fuse-quantized', fuseQuantized],
  ['propagate', (graph) => propagate(graph)],
  ['remove-dead', removeDead],
  ['fold-affine', foldAffine],
  ['sink-transposes', sinkTransposes],
  ['fold-row-scales', foldRowScales],
  ['fuse-activations', fuseActivations],
  ['fuse-epilogues', fuseEpilogues],
  ['remove-dead', removeDead],
];

/** Inlines branches until no condition is known any more; the condition of an inner If may follow from an outer one. */
function settleConditions(graph: TypedGraph): TypedGraph {
  const next = inlineIf(graph);
  if (next === graph) return graph;
  requireKnownOperators(next);
  return settleConditions(propagate(next));
}

function runPasses(graph: TypedGraph, list: readonly Pass[]): TypedGraph {
  return list.reduce((current, [name, run]) => {
    const next = run(current);
    checkGraph(next, name);
    return next;
  }, graph);
}

/** Everything that can be understood of a model before its symbolic sizes are known. `keep` names values to compute as outputs are. */
export function understand(model: Model, keep: readonly string[] = []): TypedGraph {
  const graph = removeDead(withOutputs(importModel(model), keep));
  checkGraph(graph, 'import-model');
  requireKnownOperators(graph);
  return runPasses(graph, passes);
}

function withOutputs(graph: TypedGraph, names: readonly string[]): TypedGraph {
  const known = new Set([...graph.inputs, ...graph.constants.keys(), ...graph.nodes.flatMap((node) => node.outputs)]);
  const unknown = names.find((name) => name === '' || !known.has(name));
  if (unknown !== undefined) throw new TesseraError('INVALID_INPUT', `the model has no value "${unknown}" to keep`);
  return { ...graph, outputs: [...new Set([...graph.outputs, ...names])] };
}

/** The graph for one set of sizes: shapes become numbers, and the shape arithmetic that hung on them folds away. */
export function specialize(graph: TypedGraph, sizes: ReadonlyMap<string, number> = new Map()): TypedGraph {
  return runPasses(graph, [
    ['propagate', (g) => propagate(g, sizes)],
    ['inline-if', settleConditions],
    ['explicit-broadcast', explicitBroadcast],
    ['remove-identity', removeIdentity],
    ['remove-dead', removeDead],
    ['fuse-epilogues', fuseEpilogues],
  ]);
}
