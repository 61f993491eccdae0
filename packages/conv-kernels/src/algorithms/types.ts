import type { Plan } from '../plan.js';
import type { ConvProblem, DeviceProfile } from '../problem.js';

/** One way to run an algorithm on a problem, such as one size of tile. */
export interface Variant {
  /** As the plan names it: `64x64x16`; absent where the algorithm has one way alone. */
  readonly name?: string;
  /** Predicted seconds; only their order matters. */
  readonly seconds: number;
  plan(): Plan;
}

/** One way to compute a convolution. All functions are pure. */
export interface ConvAlgorithm {
  /** The name by which it is forced or forbidden, and shown in reports. */
  readonly name: string;
  /** Whether it reads an input stored as f32 where all else is f16. */
  readonly readsF32?: boolean;
  /** True, or the reason why this problem is not for this algorithm on this device. */
  supports(problem: ConvProblem, device: DeviceProfile): true | string;
  /** Why `strict` leaves it out of this problem: how its sums err more than a chain of f32 multiply-adds. */
  beyondStrict?(problem: ConvProblem): string | undefined;
  /** Predicted seconds of `plan`; only their order matters. */
  cost(problem: ConvProblem, device: DeviceProfile): number;
  /** The plan that is predicted to be the fastest. */
  plan(problem: ConvProblem, device: DeviceProfile): Plan;
  /** Every way that is worth timing, in any order and with different names; without it there is the one of `plan`. */
  variants?(problem: ConvProblem, device: DeviceProfile): readonly Variant[];
}
