import { errorGrowth, winograd2, winograd4, type WinogradTransform } from './algorithms/winograd-transform.js';

/** How far a result may be from the fp64 reference: |got - want| <= absolute + relative * |want|. */
export interface Tolerance {
  readonly absolute: number;
  readonly relative: number;
}

/**
 * Unit roundoff of what is stored, and why sums stay within a few of it. Sums are f32 whatever is stored.
 */
const formats = {
  f32: { stored: 2 ** -24, reason: 'one rounding per multiply and per add in f32' },
  f16: { stored: 2 ** -11, reason: 'inputs are exact halves, sums are f32, one rounding to half at the store' },
} as const;

/** WGSL allows exp and tanh errors of some ULP, and erf is approximated to 1.5e-7: absolute room for any activation. */
const activationError = 2e-6;

/**
 * The tolerance for a sum of `k` products whose magnitudes are about `scale` each (the product of the operands' typical
 * magnitudes). An f32 chain of k terms of random sign errs by about 2^-24 * scale * k in the mean (rounding of partial
 * sums of size sqrt(k) * scale, k times, adding up as a random walk); 4 times that bounds the maximum over a tensor,
 * and the order of summation does not matter.
 */
export function sumTolerance(k: number, scale: number, elementType: 'f32' | 'f16'): Tolerance {
  const { stored } = formats[elementType];
  return {
    absolute: 4 * 2 ** -24 * scale * (k + 8) + activationError,
    relative: 4 * stored,
  };
}

/** Plans, by the start of their name and variant, whose sums are not chains of the products of a direct sum. */
const transformed: Readonly<Record<string, WinogradTransform>> = {
  'winograd F(2x2': winograd2,
  'winograd F(4x4': winograd4,
};

/**
 * The tolerance of a convolution's plan. All algorithms but one only order the same sum differently. Winograd has
 * intermediate values larger than those of a direct sum, by errorGrowth, and transforms along two axes add chains of
 * `points` roundings before the products and as many after.
 */
export function planTolerance(
  plan: { readonly algorithm: string; readonly variant: string },
  k: number,
  elementType: 'f32' | 'f16',
): Tolerance {
  const name = `${plan.algorithm} ${plan.variant}`;
  const transform = Object.entries(transformed).find(([start]) => name.startsWith(start))?.[1];
  if (!transform) return sumTolerance(k, 1, elementType);
  return sumTolerance(k + 4 * transform.points, errorGrowth(transform), elementType);
}
