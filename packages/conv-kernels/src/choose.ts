import { depthwise } from './algorithms/depthwise.js';
import { directWide } from './algorithms/direct-wide.js';
import { direct } from './algorithms/direct.js';
import { fft } from './algorithms/fft.js';
import { fewRows } from './algorithms/few-rows.js';
import { fewChannelsMatrix } from './algorithms/few-channels-matrix.js';
import { fewChannels } from './algorithms/few-channels.js';
import { grouped } from './algorithms/grouped.js';
import { implicitGemmAlgorithm } from './algorithms/implicit-gemm.js';
import { implicitGemmMatrix } from './algorithms/implicit-gemm-matrix.js';
import { pointwise } from './algorithms/pointwise.js';
import { tiled } from './algorithms/tiled.js';
import type { ConvAlgorithm } from './algorithms/types.js';
import { vectorized } from './algorithms/vectorized.js';
import { winograd } from './algorithms/winograd.js';
import { best, explain, weigh, type Candidate, type ChoiceOptions, type Weighed } from './candidates.js';
import { checkConv, convBytes, convFlops, readsOtherType } from './geometry.js';
import type { Plan } from './plan.js';
import { convKey } from './problem-key.js';
import type { ConvProblem, DeviceProfile } from './problem.js';
import { rooflineSeconds } from './roofline.js';

/** An algorithm that knows height and width only. */
function imagesOnly(algorithm: ConvAlgorithm): ConvAlgorithm {
  return {
    ...algorithm,
    supports: (problem, device) =>
      problem.depth ? 'the convolution has three spatial dimensions' : algorithm.supports(problem, device),
  };
}

/** An algorithm that packs its weights on the host. */
function packing(algorithm: ConvAlgorithm): ConvAlgorithm {
  return {
    ...algorithm,
    supports: (problem, device) =>
      problem.constantWeights === false ? 'the weights are not constant' : algorithm.supports(problem, device),
  };
}

/** Every convolution algorithm; the order matters only between equal costs. */
export const convAlgorithms: readonly ConvAlgorithm[] = [
  packing(imagesOnly(depthwise)),
  imagesOnly(pointwise),
  imagesOnly(implicitGemmAlgorithm),
  fewRows,
  packing(imagesOnly(implicitGemmMatrix)),
  packing(grouped),
  packing(imagesOnly(fewChannels)),
  packing(imagesOnly(fewChannelsMatrix)),
  direct,
  packing(vectorized),
  tiled,
  directWide,
  packing(imagesOnly(winograd)),
  packing(imagesOnly(fft)),
];

/** All algorithms' variants weighed, for planning and tuning. Throws ConvProblemError where the problem is wrong. */
export function weighConv(problem: ConvProblem, device: DeviceProfile, options: ChoiceOptions): Weighed {
  checkConv(problem, device);
  return weigh(convAlgorithms, options, convKey(problem), (algorithm) => {
    if (readsOtherType(problem) && !algorithm.readsF32) return 'it reads no f32 input where all else is f16';
    const supported = algorithm.supports(problem, device);
    if (supported !== true) return supported;
    const beyond = options.strict && algorithm.beyondStrict?.(problem);
    if (beyond) return beyond;
    if (algorithm.variants) return algorithm.variants(problem, device);
    return [{ seconds: algorithm.cost(problem, device), plan: () => algorithm.plan(problem, device) }];
  });
}

/**
 * Every algorithm's variants with their predicted and measured times and their share of the roofline, the fastest first,
 * and the refusals last. Throws ConvProblemError where the problem is wrong.
 */
export function explainConv(
  problem: ConvProblem,
  device: DeviceProfile,
  options: ChoiceOptions = {},
): readonly Candidate[] {
  const roofline = rooflineSeconds(convFlops(problem), convBytes(problem), problem.elementType, device);
  return explain(weighConv(problem, device, options), roofline);
}

/** The candidate to run: the fastest measured one where `options.tuning` knows the problem, else the cheapest predicted. */
export function chooseConv(problem: ConvProblem, device: DeviceProfile, options: ChoiceOptions = {}): Candidate {
  return best(weighConv(problem, device, options)).candidate;
}

/**
 * The dispatches, weight packing and scratch of a convolution, by the algorithm that `chooseConv` names.
 * Equal arguments give equal plans. Throws ConvProblemError.
 */
export function planConv(problem: ConvProblem, device: DeviceProfile, options: ChoiceOptions = {}): Plan {
  return best(weighConv(problem, device, options)).plan;
}
