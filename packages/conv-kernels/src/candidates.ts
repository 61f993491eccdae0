import type { Variant } from './algorithms/types.js';
import { ConvProblemError } from './errors.js';
import { kernelHash } from './kernel-hash.js';
import type { Plan } from './plan.js';
import type { TimedCandidate, TuningTable } from './tuning.js';

/**
 * Restricts the choice. An entry names an algorithm (`implicit-gemm`), or one variant of it (`implicit-gemm 64x64x16`).
 */
export interface ChoiceOptions {
  /** The one algorithm, or variant, to use. */
  readonly only?: string;
  readonly forbid?: readonly string[];
  /** Leaves out what errs more than a chain of f32 multiply-adds. */
  readonly strict?: boolean;
  /** Times measured on this device; they go before predictions where the variant predicted to be the fastest has one. */
  readonly tuning?: TuningTable;
}

/** One algorithm's variant: its times, or why it is out. */
export interface Candidate {
  readonly algorithm: string;
  /** Where the algorithm has several. */
  readonly variant?: string;
  readonly predictedSeconds?: number;
  /** From the tuning data, for the very kernels that would run. */
  readonly measuredSeconds?: number;
  /**
   * The least time that the device's ceilings allow a direct sum, over the measured or else the predicted time. Above 1
   * where an algorithm saves arithmetic.
   */
  readonly rooflineFraction?: number;
  readonly refusal?: string;
}

/** A variant that may run; `timed` is what the tuning data has under its name, for whatever kernels. */
interface Weighing {
  readonly algorithm: string;
  readonly variant: Variant;
  readonly timed?: TimedCandidate;
}

/** What is left of all algorithms after refusals and options. */
export interface Weighed {
  readonly names: readonly string[];
  readonly only?: string;
  readonly open: readonly Weighing[];
  readonly refused: readonly { readonly algorithm: string; readonly refusal: string }[];
}

/** An open variant with its plan. */
export interface PlannedCandidate {
  readonly candidate: Candidate;
  readonly plan: Plan;
}

/** Asks every algorithm of a table for its variants (or the reason for having none) and applies the options. */
export function weigh<T extends { readonly name: string }>(
  algorithms: readonly T[],
  options: ChoiceOptions,
  problemKey: string,
  answer: (algorithm: T) => string | readonly Variant[],
): Weighed {
  const open: Weighing[] = [];
  const refused: { algorithm: string; refusal: string }[] = [];
  const times = options.tuning?.get(problemKey) ?? [];
  for (const algorithm of algorithms) {
    const { name } = algorithm;
    const refuse = (refusal: string): unknown => refused.push({ algorithm: name, refusal });
    const { only, forbid } = options;
    if (only !== undefined && only !== name && !only.startsWith(`${name} `)) {
      refuse(`only ${only} is asked for`);
    } else if (forbid?.includes(name)) {
      refuse('forbidden');
    } else {
      const variants = answer(algorithm);
      if (typeof variants === 'string') {
        refuse(variants);
        continue;
      }
      const allowed = variants.filter((variant) => isAllowed(name, variant, options));
      if (allowed.length === 0) refuse(only === undefined ? 'forbidden' : `there is no variant "${only}" here`);
      for (const variant of allowed) {
        open.push({ algorithm: name, variant, timed: times.find((t) => isTimeOf(t, name, variant)) });
      }
    }
  }
  open.sort((a, b) => a.variant.seconds - b.variant.seconds);
  return { names: algorithms.map((a) => a.name), only: options.only, open, refused };
}

function isAllowed(algorithm: string, variant: Variant, { only, forbid = [] }: ChoiceOptions): boolean {
  if (only === algorithm || (only === undefined && forbid.length === 0)) return true;
  const name = `${algorithm} ${variant.name ?? variant.plan().variant}`;
  return (only === undefined || only === name) && !forbid.includes(name);
}

/** An algorithm of one variant has its times under whatever name that variant has in its plan. */
function isTimeOf(timed: TimedCandidate, algorithm: string, variant: Variant): boolean {
  return timed.algorithm === algorithm && (variant.name === undefined || variant.name === timed.variant);
}

/**
 * The fastest by times of the very kernels that would run, where that predicted to be the fastest is one of them, else by
 * prediction. Throws where all are refused.
 */
export function best(weighed: Weighed): PlannedCandidate {
  const timed = weighed.open.filter((w) => w.timed).sort((a, b) => a.timed!.seconds - b.timed!.seconds);
  for (const weighing of timesCount(weighed) ? timed : []) {
    const planned = withPlan(weighing);
    if (planned.candidate.measuredSeconds !== undefined) return planned;
  }
  if (weighed.open.length > 0) return withPlan(weighed.open[0]);
  const { only, names, refused } = weighed;
  if (only !== undefined && !names.some((name) => only === name || only.startsWith(`${name} `))) {
    throw new ConvProblemError('only', `there is no algorithm "${only}"; there are ${names.join(', ')}.`);
  }
  const reasons = refused.map(({ algorithm, refusal }) => `${algorithm}: ${refusal}`).join('; ');
  throw new ConvProblemError('algorithm', `no algorithm takes this problem (${reasons}).`);
}

/**
 * Whether the variant predicted to be the fastest was timed as it would run now. Tuning times it first: where it has no time, it is newer
 * than the times of the others.
 */
function timesCount({ open: [first] }: Weighed): boolean {
  return first?.timed !== undefined && withPlan(first).candidate.measuredSeconds !== undefined;
}

/** Plans a variant, and believes its time only where the kernels are those that were timed. */
export function withPlan({ algorithm, variant, timed }: Weighing): PlannedCandidate {
  const plan = variant.plan();
  const measuredSeconds = timed && timed.kernels === kernelHash(plan) ? timed.seconds : undefined;
  return { plan, candidate: { algorithm, variant: variant.name, predictedSeconds: variant.seconds, measuredSeconds } };
}

/** All as plain data, that which `best` takes first: by their times where these count, then by prediction, refusals last. */
export function explain(weighed: Weighed, rooflineSeconds: number): readonly Candidate[] {
  const open = weighed.open.map((weighing): Candidate => {
    const { algorithm, variant, timed } = weighing;
    const candidate: Candidate = timed
      ? withPlan(weighing).candidate
      : { algorithm, variant: variant.name, predictedSeconds: variant.seconds };
    const rooflineFraction = rooflineSeconds / (candidate.measuredSeconds ?? variant.seconds);
    return { ...candidate, rooflineFraction };
  });
  if (timesCount(weighed)) {
    open.sort((a, b) => (a.measuredSeconds ?? Infinity) - (b.measuredSeconds ?? Infinity) || 0);
  }
  return [...open, ...weighed.refused];
}
