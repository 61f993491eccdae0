import type { ModelSpec } from '../../testing/index.js';
import { attentionSteps } from './attention.js';
import { builder, count, randomElements, type Value, type ValueKind } from './builder.js';
import { convolutionSteps } from './convolution.js';
import { elementwiseSteps, type Step } from './elementwise.js';
import { movementSteps } from './movement.js';
import { random, type Random } from './random.js';
import { reductionSteps } from './reduction.js';

export interface Fed {
  readonly name: string;
  readonly kind: ValueKind;
  readonly dims: readonly number[];
  readonly elements: readonly number[];
}

export interface RandomGraph {
  readonly model: ModelSpec;
  readonly feeds: readonly Fed[];
  /** What is compared, with how large its elements may be. */
  readonly outputs: readonly Value[];
}

const families: readonly (readonly Step[])[] = [
  elementwiseSteps,
  reductionSteps,
  movementSteps,
  convolutionSteps,
  attentionSteps,
];

/** Mostly pictures and matrices; now and then no element, a single number, or eight dimensions. */
function randomDims(random: Random): number[] {
  const form = random.int(0, 11);
  if (form < 5) return [random.int(1, 2), random.int(1, 8), random.int(3, 9), random.int(3, 9)];
  if (form === 5) return [random.int(1, 2), random.int(1, 8), random.int(3, 17)];
  if (form === 6) return [];
  if (form === 7) return Array.from({ length: 8 }, () => random.int(1, 3));
  const dims = Array.from({ length: random.int(1, 5) }, () => random.int(1, 6));
  return form === 8 ? dims.with(random.int(0, dims.length - 1), 0) : dims;
}

function randomInput(random: Random, index: number): Value {
  const kind = random.pick(['float32', 'float32', 'float32', 'float32', 'int32', 'int64', 'bool'] as const);
  const bound = kind === 'float32' ? 2 : kind === 'bool' ? 1 : 9;
  return { name: `input${index}`, kind, dims: randomDims(random), bound, isExact: true };
}

/** The graph of a seed: one or two inputs, and up to nine nodes that follow them. */
export function randomGraph(seed: number): RandomGraph {
  const draws = random(seed);
  const inputs = Array.from({ length: draws.int(1, 2) }, (_, i) => randomInput(draws, i));
  const graph = builder(draws);
  const values: Value[] = [...inputs];
  const wanted = draws.int(2, 8);
  for (let tries = 0; graph.nodes.length < wanted && tries < 60; tries++) {
    const x = draws.chance(0.6) ? values[values.length - 1] : draws.pick(values);
    values.push(...(draws.pick(draws.pick(families))(graph, x) ?? []));
  }
  const used = new Set(graph.nodes.flatMap((node) => node.inputs));
  const made = values.slice(inputs.length);
  const outputs = made.filter(({ name }) => !used.has(name) || draws.chance(0.1));
  const feeds = inputs.map(({ name, kind, dims, bound }): Fed => {
    const low = kind === 'bool' ? 0 : -bound;
    return { name, kind, dims, elements: randomElements(draws, kind, count(dims), [low, bound]) };
  });
  return {
    model: {
      opset: 18,
      irVersion: 8,
      inputs: feeds.map(({ name, kind, dims }) => ({ name, dataType: kind, dims })),
      outputs: outputs.map(({ name, kind, dims }) => ({ name, dataType: kind, dims })),
      initializers: graph.initializers,
      nodes: graph.nodes,
    },
    feeds,
    outputs,
  };
}
