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
 * @throws Error where processes end before their first case: there is no adapter, or the modules do not load.
 */
export async function runBatches(names: readonly string[], options: BatchOptions): Promise<void> {
  // The long cases of light/ come last in the list, and are started first, so that the other jobs work beside them.
  const queue = split(names).reverse();
  const work = async () => {
    for (let batch = queue.shift(); batch; batch = queue.shift()) await runBatch(batch, options);
  };
  await Promise.all(Array.from({ length: Math.min(options.jobs, queue.length) }, work));
}

async function runBatch(batch: readonly string[], options: BatchOptions): Promise<void> {
  let next = 0;
  let fruitless = 0;
  while (next < batch.length) {
    const { outcomes, failure } = await runProcess(batch.slice(next), options);
    next += outcomes;
    fruitless = outcomes === 0 ? fruitless + 1 : 0;
    // One that dies while it opens the device may have been unlucky; the second says why.
    if (fruitless === 2) throw new Error(`processes end before their first case: the last ${failure ?? 'ended'}`);
  }
}

/** Runs cases in one process, to the end or up to the one that ends it; `outcomes` is how many cases that were. */
async function runProcess(names: readonly string[], { root, adapter, onOutcome }: BatchOptions) {
  const silenceMs = folderOf(names[0]) === 'light' ? LIGHT_SILENCE_MS : SILENCE_MS;
  let running: string | undefined;
  let outcomes = 0;
  const add = (outcome: Outcome) => {
    outcomes++;
    onOutcome(outcome);
  };
  const { failure, timedOut, errorText } = await runChild<Message>(new URL('./worker.ts', import.meta.url), {
    args: [root, adapter, ...names],
    silenceMs,
    onMessage: (message) => {
      running = 'begins' in message ? message.begins : undefined;
      if (!('begins' in message)) add(message);
    },
  });
  if (running) add({ name: running, ms: timedOut ? silenceMs : 0, error: `its process ${failure ?? 'ended'}` });
  return { outcomes, failure: failure && `${failure}: ${errorText.trim()}` };
}
