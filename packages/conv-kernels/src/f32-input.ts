import { bandwidth, launchSeconds } from './algorithms/cost.js';
import type { Candidate, ChoiceOptions } from './candidates.js';
import { explainConv } from './choose.js';
import { elementBytes, readsOtherType } from './geometry.js';
import type { ConvProblem, DeviceProfile } from './problem.js';

const secondsOf = (candidates: readonly Candidate[]): number => {
  const [best] = candidates;
  return best.measuredSeconds ?? best.predictedSeconds ?? Infinity;
};

/** Seconds of a dispatch that turns a dense f32 input into f16. */
function conversionSeconds(
  { batch, inChannels, inHeight, inWidth, depth }: ConvProblem,
  device: DeviceProfile,
): number {
  const elements = batch * inChannels * (depth?.inDepth ?? 1) * inHeight * inWidth;
  return launchSeconds(device) + (elements * (elementBytes('f32') + elementBytes('f16'))) / bandwidth(device);
}

/**
 * Of an f16 convolution whose input is at hand as f32, laid out alike: whether to read that, rather than a conversion of
 * it made before. True where some kernel that reads f32 is predicted, or was measured, to take less than both steps.
 */
export function readsF32Input(problem: ConvProblem, device: DeviceProfile, options: ChoiceOptions = {}): boolean {
  if (problem.elementType !== 'f16') return false;
  const direct = explainConv({ ...problem, f32Input: true }, device, options);
  return secondsOf(direct) < secondsOf(explainConv(problem, device, options)) + conversionSeconds(problem, device);
}

/** Seconds of a convolution by the best kernel, with the conversion of an f32 input where that is better made before. */
export function convSeconds(problem: ConvProblem, device: DeviceProfile, options: ChoiceOptions = {}): number {
  const direct = secondsOf(explainConv(problem, device, options));
  if (!readsOtherType(problem)) return direct;
  const converted = secondsOf(explainConv({ ...problem, f32Input: false }, device, options));
  return Math.min(direct, converted + conversionSeconds(problem, device));
}
