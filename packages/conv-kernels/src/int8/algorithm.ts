import type { Variant } from '../algorithms/types.js';
import type { Plan } from '../plan.js';
import type { DeviceProfile } from '../problem.js';
import type { Int8Shape } from './implicit.js';

/** One way to compute int8 convolutions and products. All functions are pure. */
export interface Int8Algorithm {
  readonly name: string;
  /** True, or the reason why this problem is not for this algorithm on this device. */
  supports(shape: Int8Shape, device: DeviceProfile): true | string;
  /** Predicted seconds. */
  cost(shape: Int8Shape, device: DeviceProfile): number;
  plan(shape: Int8Shape, device: DeviceProfile): Plan;
  /** Every way that is worth timing, with different names; without it there is the one of `plan`. */
  variants?(shape: Int8Shape, device: DeviceProfile): readonly Variant[];
}
