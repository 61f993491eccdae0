import type { Candidate, ChoiceOptions } from '../candidates.js';
import { kernelHash } from '../kernel-hash.js';
import type { Plan } from '../plan.js';

/** The name of the other way: one step after the other, each by its own kernel. */
export const apart = 'apart';

/** Two steps that one kernel can do, or that run one after the other. */
export interface Together {
  /** The name of the kernel by which it is forced or forbidden. */
  readonly algorithm: string;
  /** Under which its time is kept; equal for problems that take the same kernels and time. */
  readonly key: string;
  /** Why it cannot do this problem on this device. */
  readonly refusal: string | undefined;
  /** Predicted, of the one kernel. */
  readonly seconds: () => number;
  /** Of one step after the other: measured as far as the tuning data knows them, else predicted. */
  readonly secondsApart: () => number;
  readonly plan: () => Plan;
}

interface Ways {
  /** Of the one kernel, where it is to be taken. */
  readonly plan: Plan | undefined;
  /** Both ways, the one to take first. */
  readonly candidates: readonly Candidate[];
}

/** Takes the one kernel where it is forced, or measured or else predicted to be faster. */
export function chooseTogether(together: Together, options: ChoiceOptions): Ways {
  const { algorithm, secondsApart } = together;
  const reason = refusalOf(together, options);
  const other: Candidate = { algorithm: apart, predictedSeconds: secondsApart() };
  if (reason !== undefined) return { plan: undefined, candidates: [other, { algorithm, refusal: reason }] };
  const plan = together.plan();
  const one: Candidate = {
    algorithm,
    predictedSeconds: together.seconds(),
    measuredSeconds: measured(together, plan, options),
  };
  const isFaster = (one.measuredSeconds ?? one.predictedSeconds!) < other.predictedSeconds!;
  const isTaken = options.only === algorithm || isFaster;
  return isTaken ? { plan, candidates: [one, other] } : { plan: undefined, candidates: [other, one] };
}

function refusalOf({ algorithm, refusal }: Together, { only, forbid = [] }: ChoiceOptions): string | undefined {
  if (refusal !== undefined) return refusal;
  if (forbid.includes(algorithm)) return 'forbidden';
  return only !== undefined && only !== algorithm ? `only ${only} is asked for` : undefined;
}

/** The time of the very kernel that would run. */
function measured({ algorithm, key }: Together, plan: Plan, { tuning }: ChoiceOptions): number | undefined {
  const timed = tuning?.get(key)?.find((candidate) => candidate.algorithm === algorithm);
  return timed && timed.kernels === kernelHash(plan) ? timed.seconds : undefined;
}
