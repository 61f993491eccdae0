/** Middle of the values; of an even number, the upper of the two. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

export interface TimingPlan {
  /** Milliseconds of runs before the first that counts. */
  readonly warmUpMs: number;
  readonly minRuns: number;
  readonly maxRuns: number;
  /** No run starts after this many milliseconds, once there are `minRuns`. */
  readonly budgetMs: number;
}

/** Milliseconds of each run; what `prepare` makes for each is not timed. */
export async function timeRuns<T = undefined>(
  run: (prepared: T) => Promise<unknown>,
  plan: TimingPlan,
  prepare: () => T = () => undefined as T,
): Promise<number[]> {
  const started = performance.now();
  while (performance.now() - started < plan.warmUpMs) await run(prepare());
  const times: number[] = [];
  const begin = performance.now();
  while (times.length < plan.minRuns || (times.length < plan.maxRuns && performance.now() - begin < plan.budgetMs)) {
    const prepared = prepare();
    const from = performance.now();
    await run(prepared);
    times.push(performance.now() - from);
  }
  return times;
}

/** The value that a share of the values does not exceed: 0.95 gives the 95th percentile. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}
