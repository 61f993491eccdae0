/** End-to-end times of runs, in milliseconds: inputs uploaded, model run, outputs read back. */
export interface Timing {
  readonly firstRunMs: number;
  /** Timed runs, without the first one and those that warm up. */
  readonly runs: number;
  readonly medianMs: number;
  readonly minMs: number;
  readonly maxMs: number;
}

/** A GPU at rest runs at a fraction of its clock for about this long. */
const WARM_UP_MS = 250;
/** Of timed runs, and of profiled ones. */
export const BUDGET_MS = 1000;
const MIN_RUNS = 3;
const MAX_RUNS = 100;

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** How many profiled runs fit a budget of about a second. */
export function profileRuns(runMs: number): number {
  return Math.min(20, Math.max(1, Math.round(BUDGET_MS / runMs)));
}

export interface MeasureOptions {
  /** How many timed runs; without it, for about a second but at least 3 and at most 100. */
  readonly runs?: number;
  /** Ends early, after at least one timed run. */
  readonly signal?: AbortSignal;
  /** Milliseconds. */
  readonly now?: () => number;
}

/** Times `run`: once as it comes, then, after warming up, again and again. */
export async function measure<T>(
  run: () => Promise<T>,
  { runs, signal, now = () => performance.now() }: MeasureOptions = {},
): Promise<{ readonly result: T; readonly timing: Timing }> {
  const start = now();
  const result = await run();
  const firstRunMs = now() - start;
  while (now() - start < WARM_UP_MS && !signal?.aborted) await run();
  const times: number[] = [];
  const timedFrom = now();
  const done = () => {
    if (signal?.aborted && times.length > 0) return true;
    if (runs !== undefined) return times.length >= runs;
    return times.length >= MAX_RUNS || (times.length >= MIN_RUNS && now() - timedFrom >= BUDGET_MS);
  };
  while (!done()) {
    const from = now();
    await run();
    times.push(now() - from);
  }
  const timing = { firstRunMs, runs: times.length, medianMs: median(times) };
  return { result, timing: { ...timing, minMs: Math.min(...times), maxMs: Math.max(...times) } };
}
