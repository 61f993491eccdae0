import type { ChoiceOptions } from '../candidates.js';
import type { Plan } from '../plan.js';
import type { DeviceProfile } from '../problem.js';
import type { ConvTransposeProblem } from './problem.js';

/** One way to compute a transposed convolution. All functions are pure. */
export interface ConvTransposeAlgorithm {
  readonly name: string;
  /** True, or the reason why this problem is not for this algorithm on this device. */
  supports(problem: ConvTransposeProblem, device: DeviceProfile, options: ChoiceOptions): true | string;
  /** Predicted seconds. */
  cost(problem: ConvTransposeProblem, device: DeviceProfile, options: ChoiceOptions): number;
  /** Plans to run in order, each with its own packing of the same weights. */
  plan(problem: ConvTransposeProblem, device: DeviceProfile, options: ChoiceOptions): readonly Plan[];
}
