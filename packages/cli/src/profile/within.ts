import type { ProfileOptions } from '@tessera/runtime';

/**
 * Options that end profiling when it has taken `budgetMs`, though not before each layer was timed `least` times: a device on which
 * each run times a part of the layers makes many runs for each of `runs`.
 */
export function within(
  budgetMs: number,
  least: number,
  { runs, signal, onRun }: ProfileOptions,
  now = () => performance.now(),
): ProfileOptions {
  const from = now();
  const timeUp = new AbortController();
  return {
    runs,
    signal: signal ? AbortSignal.any([signal, timeUp.signal]) : timeUp.signal,
    onRun: (done, wanted) => {
      onRun?.(done, wanted);
      if (done >= least && now() - from >= budgetMs) timeUp.abort();
    },
  };
}
