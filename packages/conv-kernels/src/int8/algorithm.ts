import type { Plan } from '../plan.js';
import type { DeviceProfile } from '../problem.js';
import type { Int8Shape } from './implicit.js';

/** One way to compute int8 convolutions and products. All three functions are pure. */
export interface Int8Algorithm {
  readonly name: string;
  /** True, or the reason why this problem is not for this algorithm on this device. */
  supports(shape: Int8Shape, device: DeviceProfile): true | string;
  /** Predicted seconds. */
  cost(shape: Int8Shape, device: DeviceProfile): number;
  plan(shape: Int8Shape, device: DeviceProfile): Plan;
}
