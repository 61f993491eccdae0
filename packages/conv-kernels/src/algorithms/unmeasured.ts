import type { ConvProblem, DeviceProfile } from '../problem.js';
import { direct } from './direct.js';

/**
 * The cost of algorithms on adapters where nobody has timed them, as multiples of the cost of `direct`. All are above
 * 1, so that no guess displaces an algorithm whose speed is known. `winograd` also needs scratch memory and rounds more.
 */
const unmeasuredFactors = { winograd: 1.4 } as const;

/** Predicted seconds of an algorithm that was not timed on this kind of adapter. */
export function unmeasuredCost(
  name: keyof typeof unmeasuredFactors,
  problem: ConvProblem,
  device: DeviceProfile,
): number {
  return direct.cost(problem, device) * unmeasuredFactors[name];
}
