import type { Plan } from '../plan.js';
import type { ConvProblem, DeviceProfile } from '../problem.js';

/** One way to compute a convolution. All three functions are pure. */
export interface ConvAlgorithm {
  /** The name by which it is forced or forbidden, and shown in reports. */
  readonly name: string;
  /** True, or the reason why this problem is not for this algorithm on this device. */
  supports(problem: ConvProblem, device: DeviceProfile): true | string;
  /** Predicted seconds; only their order matters. */
  cost(problem: ConvProblem, device: DeviceProfile): number;
  plan(problem: ConvProblem, device: DeviceProfile): Plan;
}
