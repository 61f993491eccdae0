import { runChild } from '../support/children.js';
import type { Message, Outcome } from './messages.js';
import { folderOf } from './suite.js';

const BATCH = 100;
const SILENCE_MS = 20_000;
/** Whole networks of up to 20 billion multiplications, for software adapters. */
const LIGHT_SILENCE_MS = 120_000;

export interface BatchOptions {
  readonly root: string;
  readonly adapter: string;
  readonly jobs: number;
  readonly onOutcome: (outcome: Outcome) => void;
}

function split(names: readonly string[]): string[][] {
  const batches: string[][] = [];
  for (const name of names) {
    const last = batches.at(-1);
    if (last && last.length < BATCH && folderOf(last[0]) === folderOf(name)) last.push(name);
    else batches.push([name]);
  }
  return batches;
}

/**
 * Runs the cases in child processes, `jobs` of them at a time. A process that crashes or hangs counts against the case
 * it was at, and another goes on after it.
 * @throws Error where a process ends before its first case: there is no adapter, or the modules do not load.
 */
export async function runBatches(names: readonly string[], options: BatchOptions): Promise<void> {
  // The long cases of light/ come last in the list, and are started first, so that the other jobs work beside them.
  const queue = split(names).reverse();
  const work = async () => {
    for (let batch = queue.shift(); batch; batch = queue.shift()) await runBatch(batch, options);
  };
  await Promise.all(Array.from({ length: Math.min(options.jobs, queue.length) }, work));
}

async function runBatch(batch: readonly string[], { root, adapter, onOutcome }: BatchOptions): Promise<void> {
  const silenceMs = folderOf(batch[0]) === 'light' ? LIGHT_SILENCE_MS : SILENCE_MS;
  let next = 0;
  while (next < batch.length) {
    let running: string | undefined;
    let any = false;
    const end = await runChild<Message>(new URL('./worker.ts', import.meta.url), {
      args: [root, adapter, ...batch.slice(next)],
      silenceMs,
      onMessage: (message) => {
        any = true;
        running = 'begins' in message ? message.begins : undefined;
        if ('begins' in message) return;
        next++;
        onOutcome(message);
      },
    });
    if (!any) throw new Error(`a process ${end.failure ?? 'ended'} before its first case: ${end.errorText.trim()}`);
    if (running === undefined) continue;
    next++;
    onOutcome({ name: running, ms: end.timedOut ? silenceMs : 0, error: `its process ${end.failure ?? 'ended'}` });
  }
}
