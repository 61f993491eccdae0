import { errorGrowth, winograd2, winograd4, type WinogradTransform } from './algorithms/winograd-transform.js';
import type { ActivationFunction } from './problem.js';

/** How far a result may be from the fp64 reference: |got - want| <= absolute + relative * |want|. */
export interface Tolerance {
  readonly absolute: number;
  readonly relative: number;
}

/** How an algorithm's sums err, in terms of a chain of f32 multiply-adds of products that are about 1 each. */
interface SumRule {
  /** The length of the chain that errs as a sum of `k` products by this algorithm does. */
  readonly terms: (k: number) => number;
  /** How many times larger the values on the way are than those of a direct sum. */
  readonly growth: number;
  readonly reason: string;
  /** Where NaN and infinity reach beyond the sums that they are terms of. */
  readonly spreads?: boolean;
}

/** Any order of summing k products, and the bias and residual; 8 more stand for short sums, whose maximum spreads more. */
const chain: SumRule = {
  terms: (k) => k + 8,
  growth: 1,
  reason: 'the products of a direct sum, in another order',
};

/**
 * Matrix units that cut off what does not fit lose up to a unit in the last place of the sum for each step of 16
 * products, always toward zero: for k products less than a chain of k roundings of random sign. Split f32 operands err by
 * 2^-23 each, their chains are cut short (`chainSlices`) and go on in f32.
 */
const matrixUnits: SumRule = { ...chain, reason: 'fewer roundings than a chain has, though all toward zero' };

/**
 * A mean of n values of about 1 errs by as much as a sum of n products of 1 / n, 1 + 8 / n terms; k of them, of
 * random sign, add up as sqrt(k).
 */
const averagesRule: SumRule = {
  ...chain,
  terms: (k) => chain.terms(k) + 9 * Math.sqrt(k),
  reason: 'a direct sum, of means that are rounded themselves',
};

function winogradRule(transform: WinogradTransform): SumRule {
  return {
    terms: (k) => chain.terms(k) + 4 * transform.points,
    growth: errorGrowth(transform),
    reason: 'transforms along two axes add chains of `points` roundings before the products and as many after',
    spreads: true,
  };
}

/** Levels of butterflies of a transform of 64x64 numbers and back. */
const fftLevels = 2 * Math.log2(64 ** 2);

/**
 * Values on the way have the norm of all inputs and weights that a sum sees, sqrt(2 k) for two tiles in one transform;
 * each level of butterflies and each product of the chain over channels, of which there are at most k, rounds them
 * independently. Twice as much stands for the maximum over whole tiles.
 */
const fftRule: SumRule = {
  terms: (k) => 2 * Math.sqrt(2 * k * (k + fftLevels)),
  growth: 1,
  reason: 'roundings of 2 log2 n levels and of the chain over channels add up as a random walk',
  spreads: true,
};

/**
 * Every algorithm's rule, by its name, or by name and the start of the variant. All algorithms sum in f32 whatever is
 * stored; an algorithm without a rule cannot be compared.
 */
const sumRules: Readonly<Record<string, SumRule>> = {
  direct: chain,
  'direct-wide': chain,
  tiled: chain,
  vectorized: chain,
  'implicit-gemm': chain,
  'few-rows': chain,
  'implicit-gemm-matrix': matrixUnits,
  'few-channels-matrix': {
    ...matrixUnits,
    reason: 'as on matrix units, where zeros that pad a row of the filter meet the pixels beside it',
    spreads: true,
  },
  depthwise: chain,
  pointwise: chain,
  grouped: chain,
  'few-channels': chain,
  'few-channels-pool': chain,
  gather: chain,
  'averaged-product': averagesRule,
  fft: fftRule,
  'winograd F(2x2': winogradRule(winograd2),
  'winograd F(4x4': winogradRule(winograd4),
};

/** What is stored: relative room for the store, and absolute room where the format ends. */
const formats = {
  f32: { relative: 4 * 2 ** -24, absolute: 0, reason: 'bias, residual and activation round a few times in f32' },
  f16: {
    relative: 2 ** -10,
    absolute: 2 ** -24,
    reason: 'WGSL may round either way; subnormal halves are 2^-24 apart',
  },
} as const;

/** WGSL allows exp and tanh errors of some ULP, and erf is approximated to 1.5e-7: absolute room for any activation. */
const activationError = 2e-6;

/**
 * The room for a sum of `k` products of about `scale` each. An f32 chain of k terms of random sign errs by about
 * 2^-24 * scale * k in the mean (rounding of partial sums of size sqrt(k) * scale, k times, adding up as a random walk);
 * 4 times that bounds the maximum over a tensor, and the order of summation does not matter.
 */
export function sumTolerance(k: number, scale: number, elementType: 'f32' | 'f16'): Tolerance {
  return room(chain, k, scale, elementType);
}

function room(rule: SumRule, k: number, scale: number, elementType: 'f32' | 'f16'): Tolerance {
  const { relative, absolute } = formats[elementType];
  return {
    absolute: 4 * 2 ** -24 * scale * rule.growth * rule.terms(k) + activationError + absolute,
    relative,
  };
}

/**
 * The room for a convolution's or product's plan whose inputs and weights lie between -1 and 1. An activation that is
 * steeper than 1 somewhere widens it. Throws where the algorithm has no rule.
 */
export function planTolerance(
  plan: PlanName,
  k: number,
  elementType: 'f32' | 'f16',
  activation?: ActivationFunction,
): Tolerance {
  const { absolute, relative } = room(ruleOf(plan), k, 1, elementType);
  return { absolute: absolute * steepness(activation), relative };
}

/**
 * What becomes of NaN and infinity in the input. Where this is false, they come out as the reference says: in the sums
 * that they are terms of, and nowhere else. Where it is true (algorithms that transform tiles of the input) those sums
 * come out as NaN or infinity, not always the same one, and so may other sums of the tiles that hold them.
 * Of NaN, what relu, clip and hard-sigmoid make is left open by WGSL's min and max.
 */
export function spreadsNonFinite(plan: PlanName): boolean {
  return ruleOf(plan).spreads ?? false;
}

interface PlanName {
  readonly algorithm: string;
  readonly variant: string;
}

function ruleOf(plan: PlanName): SumRule {
  // A transposed convolution by phases sums as the convolutions do that it is made of.
  const algorithm = plan.algorithm.replace(/^phases /, '');
  const name = `${algorithm} ${plan.variant}`;
  const rule = sumRules[algorithm] ?? Object.entries(sumRules).find(([start]) => name.startsWith(start))?.[1];
  if (!rule) throw new Error(`there is no rule for the rounding of ${name}`);
  return rule;
}

/** The largest slope of an activation, at least 1. */
function steepness(activation: ActivationFunction | undefined): number {
  switch (activation?.kind) {
    case 'leaky-relu':
      return Math.max(1, Math.abs(activation.alpha));
    case 'hard-sigmoid':
      return Math.max(1, Math.abs(activation.alpha));
    case 'hard-swish':
      return 1.5;
    case 'silu':
    case 'gelu':
    case 'gelu-tanh':
      return 1.13;
    default:
      return 1;
  }
}
