import type { Candidate, ChoiceOptions } from '../candidates.js';
import type { Plan } from '../plan.js';

/** The name of the other way: one step after the other, each by its own kernel. */
export const apart = 'apart';

/** Two steps that one kernel can do, or that run one after the other. */
export interface Together {
  /** The name of the kernel by which it is forced or forbidden. */
  readonly algorithm: string;
  /** Why it cannot do this problem on this device. */
  readonly refusal: string | undefined;
  /** Predicted, of the one kernel. */
  readonly seconds: () => number;
  /** Predicted, of one step after the other. */
  readonly secondsApart: () => number;
  readonly plan: () => Plan;
}

/** The plan of the one kernel, where it is forced or predicted to be faster, and both ways, the one to take first. */
export function chooseTogether(
  { algorithm, refusal, seconds, secondsApart, plan }: Together,
  { only, forbid = [] }: ChoiceOptions,
): { readonly plan: Plan | undefined; readonly candidates: readonly Candidate[] } {
  const reason =
    refusal ??
    (forbid.includes(algorithm) ? 'forbidden' : undefined) ??
    (only !== undefined && only !== algorithm ? `only ${only} is asked for` : undefined);
  const other: Candidate = { algorithm: apart, predictedSeconds: secondsApart() };
  if (reason !== undefined) return { plan: undefined, candidates: [other, { algorithm, refusal: reason }] };
  const one: Candidate = { algorithm, predictedSeconds: seconds() };
  const isTaken = only === algorithm || one.predictedSeconds! < other.predictedSeconds!;
  return isTaken ? { plan: plan(), candidates: [one, other] } : { plan: undefined, candidates: [other, one] };
}
