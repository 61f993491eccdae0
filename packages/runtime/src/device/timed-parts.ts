/** Which dispatches of a run are timed one by one: those of part `index`, where all are divided into `of` parts one after another. */
export interface TimedPart {
  readonly index: number;
  readonly of: number;
}

export const everything: TimedPart = { index: 0, of: 1 };

/** Dispatches one after another: from `first` to before `end`. */
export interface StepRange {
  readonly first: number;
  readonly end: number;
}

/** The dispatches of a part, of `count` in all; the parts' sizes differ by 1 at most. */
export function stepsOfPart({ index, of }: TimedPart, count: number): StepRange {
  const from = (part: number) => Math.floor((part * count) / of);
  return { first: from(index), end: from(index + 1) };
}

/** The passes of a run of `count` dispatches: one for each that is timed, one for all before them, one for all after. */
export function passesOf(part: TimedPart, count: number): StepRange[] {
  const { first, end } = stepsOfPart(part, count);
  const timed = Array.from({ length: end - first }, (_, i) => ({ first: first + i, end: first + i + 1 }));
  return [{ first: 0, end: first }, ...timed, { first: end, end: count }].filter((pass) => pass.first < pass.end);
}

/** Of a plain run's GPU time, what timing a part may add as predicted; between large dispatches a pass costs somewhat more. */
const share = 0.06;

/**
 * In how many parts `count` dispatches are to be timed, so that a run of which a part is timed takes little longer on the GPU than
 * a plain one, which takes `wholeMs`, when each further pass takes `passMs`; at most one part for each dispatch.
 */
export function partsWithin(count: number, wholeMs: number, passMs: number): number {
  const allowedMs = share * wholeMs;
  if ((count - 1) * passMs <= allowedMs) return 1;
  // A part adds a pass for each of its dispatches, and one for those around it.
  const timed = Math.max(1, Math.floor(allowedMs / passMs) - 1);
  return Math.ceil(count / timed);
}
