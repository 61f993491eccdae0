import { convBytes, convFlops } from '../geometry.js';
import { implicitConv, type ImplicitGemm } from '../implicit.js';
import type { Plan } from '../plan.js';
import type { DeviceProfile } from '../problem.js';
import { bandwidth } from './cost.js';
import { matrixChoices, type MatrixChoice } from './matrix/choice.js';
import { inputLoads } from './matrix/fetch.js';
import { matrixLimit, matrixVariantName, planMatrixShape } from './matrix/plan.js';
import { matrixUnits, type MatrixUnits } from './matrix/shape.js';
import type { ConvAlgorithm, Variant } from './types.js';

/** Convolution as one GEMM for each group on the device's matrix units; fp32 through f32 matrices or pairs of f16. */
export const implicitGemmMatrix: ConvAlgorithm = {
  name: 'implicit-gemm-matrix',
  supports: (problem, device) => matrixSupport(implicitConv(problem), device),
  cost: (problem, device) => cheapest(implicitGemmMatrix.variants!(problem, device)).seconds,
  plan: (problem, device) => cheapest(implicitGemmMatrix.variants!(problem, device)).plan(),
  variants: (problem, device) => matrixVariants(implicitConv(problem), device, convFlops(problem), convBytes(problem)),
};

/** True, or why a problem is not for the matrix units of a device. */
export function matrixSupport(p: ImplicitGemm, device: DeviceProfile): true | string {
  const units = unitsFor(p, device);
  if (typeof units === 'string') return units;
  const loads = inputLoads(p, units);
  if (typeof loads === 'string') return loads;
  if (possible(p, units, device).length === 0) return 'no tile of matrices fits the device';
  return true;
}

/**
 * The least K for which sums of split operands are as accurate as f32: below it the matrix units' own rounding, which
 * does not shrink with K, is above that of an f32 chain (1.26e-8 * sqrt(K) of the output's deviation).
 */
export const leastSplitTerms = 128;

function unitsFor(p: ImplicitGemm, device: DeviceProfile): MatrixUnits | string {
  const { elementType, channels, taps } = p;
  const units = matrixUnits(device, elementType);
  if (typeof units === 'string') return units;
  if (p.volume) return 'the convolution has three spatial dimensions';
  if (units.parts === 2 && channels * taps < leastSplitTerms) {
    return `sums of ${channels * taps} products of split operands are less accurate than f32`;
  }
  return units;
}

/** Every shape of kernel that the device can run. */
export function matrixVariants(
  p: ImplicitGemm,
  device: DeviceProfile,
  flops: number,
  bytes: number,
): readonly Variant[] {
  const units = unitsFor(p, device);
  if (typeof units === 'string') return [];
  const leastSeconds = bytes / bandwidth(device);
  return possible(p, units, device).map(({ shape, seconds }) => ({
    name: matrixVariantName(shape),
    seconds: Math.max(seconds, leastSeconds),
    plan(): Plan {
      const planned = planMatrixShape(p, shape, device);
      if (typeof planned === 'string') throw new Error(planned);
      return { algorithm: 'implicit-gemm-matrix', ...planned, flops, bytes };
    },
  }));
}

function possible(p: ImplicitGemm, units: MatrixUnits, device: DeviceProfile): readonly MatrixChoice[] {
  return matrixChoices(p, units, device).filter(({ shape }) => matrixLimit(p, shape, device) === undefined);
}

export function cheapest(variants: readonly Variant[]): Variant {
  return variants.reduce((best, variant) => (variant.seconds < best.seconds ? variant : best));
}
