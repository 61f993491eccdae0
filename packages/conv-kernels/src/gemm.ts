import { directDispatch, directLimit } from './algorithms/direct.js';
import { bandwidth, launchSeconds } from './algorithms/cost.js';
import { implicitCost, planImplicit } from './algorithms/implicit-gemm.js';
import { pick, rank, type Candidate, type ChoiceOptions } from './choose.js';
import { checkGemm, gemmBytes, gemmFlops } from './geometry.js';
import { implicitGemm } from './implicit.js';
import type { Plan } from './plan.js';
import type { DeviceProfile, GemmProblem } from './problem.js';

export interface GemmOptions extends ChoiceOptions {
  /** True where B is known when the plan is made, so that it may be packed; then it is [k, n] row-major for `pack`. */
  readonly constantB: boolean;
}

/** One way to compute a GEMM. */
export interface GemmAlgorithm {
  readonly name: string;
  supports(problem: GemmProblem, device: DeviceProfile, constantB: boolean): true | string;
  /** Predicted seconds; only their order matters. */
  cost(problem: GemmProblem, device: DeviceProfile, constantB: boolean): number;
  plan(problem: GemmProblem, device: DeviceProfile, constantB: boolean): Plan;
}

const direct: GemmAlgorithm = {
  name: 'direct',
  supports: (problem, device) => directLimit(implicitGemm(problem), device),
  cost: (problem, device) => launchSeconds + gemmFlops(problem) / (device.isSoftware ? 5e8 : 1e11),
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
    const planned = planImplicit(implicitGemm(problem), device, constantB);
    return typeof planned === 'string' ? planned : true;
  },
  cost: (problem, device) => implicitCost(implicitGemm(problem), device) + gemmBytes(problem) / bandwidth(device),
  plan(problem, device, constantB) {
    const planned = planImplicit(implicitGemm(problem), device, constantB);
    if (typeof planned === 'string') throw new Error(planned);
    return { algorithm: 'implicit-gemm', ...planned, flops: gemmFlops(problem), bytes: gemmBytes(problem) };
  },
};

/** Every GEMM algorithm. */
export const gemmAlgorithms: readonly GemmAlgorithm[] = [tiled, direct];

/** All algorithms' answers, the cheapest first and the refusals last. Throws ConvProblemError where the problem is wrong. */
export function explainGemm(problem: GemmProblem, device: DeviceProfile, options: GemmOptions): readonly Candidate[] {
  checkGemm(problem, device);
  return rank(gemmAlgorithms, options, (algorithm) => {
    const supported = algorithm.supports(problem, device, options.constantB);
    return supported === true
      ? { algorithm: algorithm.name, seconds: algorithm.cost(problem, device, options.constantB) }
      : { algorithm: algorithm.name, refusal: supported };
  });
}

/**
 * The dispatches, packing and scratch of a matrix product. The operands are named as a convolution's: A is `input`,
 * B is `weights`, C is `output`. Where the plan has a `packing`, `weights` is what it packs (only with `constantB`);
 * otherwise B lies as `problem.b` says, in elements of `problem.elementType`. Throws ConvProblemError.
 */
export function planGemm(problem: GemmProblem, device: DeviceProfile, options: GemmOptions): Plan {
  return pick(gemmAlgorithms, explainGemm(problem, device, options), options).plan(problem, device, options.constantB);
}
