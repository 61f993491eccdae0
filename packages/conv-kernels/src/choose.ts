import { depthwise } from './algorithms/depthwise.js';
import { directWide } from './algorithms/direct-wide.js';
import { direct } from './algorithms/direct.js';
import { implicitGemmAlgorithm } from './algorithms/implicit-gemm.js';
import { tiled } from './algorithms/tiled.js';
import type { ConvAlgorithm } from './algorithms/types.js';
import { vectorized } from './algorithms/vectorized.js';
import { winograd } from './algorithms/winograd.js';
import { ConvProblemError } from './errors.js';
import { checkConv } from './geometry.js';
import type { Plan } from './plan.js';
import type { ConvProblem, DeviceProfile } from './problem.js';

/** An algorithm that knows height and width only. */
function imagesOnly(algorithm: ConvAlgorithm): ConvAlgorithm {
  return {
    ...algorithm,
    supports: (problem, device) =>
      problem.depth ? 'the convolution has three spatial dimensions' : algorithm.supports(problem, device),
  };
}

/** Every convolution algorithm; the order matters only between equal costs. */
export const convAlgorithms: readonly ConvAlgorithm[] = [
  imagesOnly(depthwise),
  imagesOnly(implicitGemmAlgorithm),
  direct,
  vectorized,
  tiled,
  directWide,
  imagesOnly(winograd),
];

/** Restricts the choice by algorithm names. */
export interface ChoiceOptions {
  /** The one algorithm to use. */
  readonly only?: string;
  readonly forbid?: readonly string[];
}

/** One algorithm's answer to a problem: its predicted seconds, or why it is out. */
export interface Candidate {
  readonly algorithm: string;
  readonly seconds?: number;
  readonly refusal?: string;
}

/** All algorithms' answers, the cheapest first and the refusals last. Throws ConvProblemError where the problem is wrong. */
export function explainConv(
  problem: ConvProblem,
  device: DeviceProfile,
  options: ChoiceOptions = {},
): readonly Candidate[] {
  checkConv(problem, device);
  return rank(convAlgorithms, options, (algorithm) => {
    const supported = algorithm.supports(problem, device);
    return supported === true
      ? { algorithm: algorithm.name, seconds: algorithm.cost(problem, device) }
      : { algorithm: algorithm.name, refusal: supported };
  });
}

/** Candidates of any table of algorithms, options applied, in order of cost. */
export function rank<T extends { readonly name: string }>(
  algorithms: readonly T[],
  options: ChoiceOptions,
  answer: (algorithm: T) => Candidate,
): readonly Candidate[] {
  const candidates = algorithms.map((algorithm) => {
    const { name } = algorithm;
    if (options.only !== undefined && options.only !== name) {
      return { algorithm: name, refusal: `only ${options.only} is asked for` };
    }
    if (options.forbid?.includes(name)) return { algorithm: name, refusal: 'forbidden' };
    return answer(algorithm);
  });
  return candidates.sort((a, b) => (a.seconds ?? Infinity) - (b.seconds ?? Infinity) || 0);
}

/** The first candidate that is no refusal, out of `algorithms`; a ConvProblemError with all reasons where there is none. */
export function pick<T extends { readonly name: string }>(
  algorithms: readonly T[],
  candidates: readonly Candidate[],
  options: ChoiceOptions,
): T {
  if (options.only !== undefined && !algorithms.some((a) => a.name === options.only)) {
    const names = algorithms.map((a) => a.name).join(', ');
    throw new ConvProblemError('only', `there is no algorithm "${options.only}"; there are ${names}.`);
  }
  const best = candidates.find((candidate) => candidate.refusal === undefined);
  const found = best && algorithms.find((a) => a.name === best.algorithm);
  if (found) return found;
  const reasons = candidates.map((c) => `${c.algorithm}: ${c.refusal}`).join('; ');
  throw new ConvProblemError('algorithm', `no algorithm takes this problem (${reasons}).`);
}

/** The cheapest algorithm that takes this problem on this device. */
export function chooseConv(problem: ConvProblem, device: DeviceProfile, options: ChoiceOptions = {}): ConvAlgorithm {
  return pick(convAlgorithms, explainConv(problem, device, options), options);
}

/**
 * The dispatches, weight packing and scratch of a convolution, by the cheapest algorithm or the one asked for.
 * Equal arguments give equal plans. Throws ConvProblemError.
 */
export function planConv(problem: ConvProblem, device: DeviceProfile, options: ChoiceOptions = {}): Plan {
  return chooseConv(problem, device, options).plan(problem, device);
}
