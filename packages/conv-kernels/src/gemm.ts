import { dispatchSeconds, tiledWork } from './algorithms/cost.js';
import { directDispatch, directLimit } from './algorithms/direct.js';
import { fewRowsGemm } from './algorithms/few-rows.js';
import { implicitCost, implicitLimit, implicitVariants, planImplicit } from './algorithms/implicit-gemm.js';
import { cheapest, matrixSupport, matrixVariants } from './algorithms/implicit-gemm-matrix.js';
import type { Variant } from './algorithms/types.js';
import { best, explain, weigh, type Candidate, type ChoiceOptions, type Weighed } from './candidates.js';
import { checkGemm, gemmBytes, gemmFlops } from './geometry.js';
import { implicitGemm } from './implicit.js';
import type { Plan } from './plan.js';
import { gemmKey } from './problem-key.js';
import type { DeviceProfile, GemmProblem } from './problem.js';
import { rooflineSeconds } from './roofline.js';

export interface GemmOptions extends ChoiceOptions {
  /** True where B is known when the plan is made, so that it may be packed; then it is [k, n] row-major for `pack`. */
  readonly constantB: boolean;
}

/** One way to compute a GEMM. */
export interface GemmAlgorithm {
  readonly name: string;
  supports(problem: GemmProblem, device: DeviceProfile, constantB: boolean): true | string;
  /** As that of a ConvAlgorithm. */
  beyondStrict?(problem: GemmProblem): string | undefined;
  /** Predicted seconds; only their order matters. */
  cost(problem: GemmProblem, device: DeviceProfile, constantB: boolean): number;
  plan(problem: GemmProblem, device: DeviceProfile, constantB: boolean): Plan;
  /** As those of a ConvAlgorithm. */
  variants?(problem: GemmProblem, device: DeviceProfile, constantB: boolean): readonly Variant[];
}

const direct: GemmAlgorithm = {
  name: 'direct',
  supports: (problem, device) => directLimit(implicitGemm(problem), device),
  cost: (problem, device) =>
    dispatchSeconds('direct', tiledWork(implicitGemm(problem), 1, 1, gemmBytes(problem)), device),
  plan(problem, device) {
    const p = implicitGemm(problem);
    return {
      algorithm: 'direct',
      variant: 'direct',
      dispatches: [directDispatch(p, device)],
      scratchByteLength: 0,
      flops: gemmFlops(problem),
      bytes: gemmBytes(problem),
    };
  },
};

const tiled: GemmAlgorithm = {
  name: 'implicit-gemm',
  supports(problem, device, constantB) {
    return implicitLimit(implicitGemm(problem), device, constantB) ?? true;
  },
  cost: (problem, device) => implicitCost(implicitGemm(problem), device, gemmBytes(problem)),
  plan(problem, device, constantB) {
    const planned = planImplicit(implicitGemm(problem), device, constantB);
    if (typeof planned === 'string') throw new Error(planned);
    return { algorithm: 'implicit-gemm', ...planned, flops: gemmFlops(problem), bytes: gemmBytes(problem) };
  },
  variants: (problem, device, constantB) =>
    implicitVariants(implicitGemm(problem), device, constantB, gemmFlops(problem), gemmBytes(problem)),
};

const matrix: GemmAlgorithm = {
  name: 'implicit-gemm-matrix',
  supports: (problem, device, constantB) =>
    constantB ? matrixSupport(implicitGemm(problem), device) : 'the second factor is not constant',
  cost: (problem, device) => cheapest(matrix.variants!(problem, device, true)).seconds,
  plan: (problem, device) => cheapest(matrix.variants!(problem, device, true)).plan(),
  variants: (problem, device) => matrixVariants(implicitGemm(problem), device, gemmFlops(problem), gemmBytes(problem)),
};

/** Every GEMM algorithm. */
export const gemmAlgorithms: readonly GemmAlgorithm[] = [tiled, matrix, fewRowsGemm, direct];

/** All algorithms' variants weighed, for planning and tuning. Throws ConvProblemError where the problem is wrong. */
export function weighGemm(problem: GemmProblem, device: DeviceProfile, options: GemmOptions): Weighed {
  checkGemm(problem, device);
  const { constantB } = options;
  return weigh(gemmAlgorithms, options, gemmKey(problem, constantB), (algorithm) => {
    const supported = algorithm.supports(problem, device, constantB);
    if (supported !== true) return supported;
    const beyond = options.strict && algorithm.beyondStrict?.(problem);
    if (beyond) return beyond;
    if (algorithm.variants) return algorithm.variants(problem, device, constantB);
    const seconds = algorithm.cost(problem, device, constantB);
    return [{ seconds, plan: () => algorithm.plan(problem, device, constantB) }];
  });
}

/** As explainConv, for a matrix product. */
export function explainGemm(problem: GemmProblem, device: DeviceProfile, options: GemmOptions): readonly Candidate[] {
  const roofline = rooflineSeconds(gemmFlops(problem), gemmBytes(problem), problem.elementType, device);
  return explain(weighGemm(problem, device, options), roofline);
}

/**
 * The dispatches, packing and scratch of a matrix product. The operands are named as a convolution's: A is `input`,
 * B is `weights`, C is `output`. Where the plan has a `packing`, `weights` is what it packs (only with `constantB`);
 * otherwise B lies as `problem.b` says, in elements of `problem.elementType`. Throws ConvProblemError.
 */
export function planGemm(problem: GemmProblem, device: DeviceProfile, options: GemmOptions): Plan {
  return best(weighGemm(problem, device, options)).plan;
}
