import type { RunTiming } from '@tessera/runtime';

export interface BenchPlan {
  readonly warmUpMs: number;
  /** At least this long, and at least `iterations` runs. */
  readonly durationMs: number;
  readonly iterations: number;
}

/** One run of ours, and one of the peer's right after it, in milliseconds. */
export interface Round {
  readonly ours: RunTiming;
  readonly peerMs?: number;
}

export interface Measured {
  readonly firstRunMs: number;
  readonly warmUp: { readonly runs: number; readonly ms: number };
  readonly rounds: readonly Round[];
  /** Of the timed rounds. */
  readonly wallMs: number;
}

export interface Measuring {
  run(): Promise<RunTiming>;
  /** Milliseconds of one run of the peer. */
  peer?(): Promise<number>;
  readonly signal: AbortSignal;
  readonly onProgress: (share: number) => void;
  readonly now?: () => number;
}

/**
 * Runs once as it comes, warms up, then takes turns with the peer for as long as the plan says. An aborted signal ends
 * it early, after at least one timed round.
 */
export async function measureRounds(plan: BenchPlan, measuring: Measuring): Promise<Measured> {
  const { run, peer, signal, onProgress, now = () => performance.now() } = measuring;
  const firstRunMs = (await run()).totalMs;
  const warmUp = { runs: 0, ms: 0 };
  for (const from = now(); now() - from < plan.warmUpMs && !signal.aborted; warmUp.ms = now() - from) {
    await run();
    await peer?.();
    warmUp.runs++;
  }
  const rounds: Round[] = [];
  const from = now();
  const share = () => Math.min((now() - from) / plan.durationMs, rounds.length / plan.iterations);
  while (share() < 1 && !(signal.aborted && rounds.length > 0)) {
    rounds.push({ ours: await run(), peerMs: await peer?.() });
    onProgress(Math.min(1, share()));
  }
  return { firstRunMs, warmUp, rounds, wallMs: now() - from };
}
