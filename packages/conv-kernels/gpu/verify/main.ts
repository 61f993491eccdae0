// Compares every algorithm with plain loops in fp64: all named problems, then seeded random ones.
//   npm run verify:convs -- [--adapter A] [--count N] [--seed N] [--jobs N] [--only ALGORITHM]
//   npm run verify:convs -- [--adapter A] --case JSON
// COUNT is the number of comparisons on random problems (default 3000). The work is done by child processes, a few hundred
// comparisons each; one that crashes or hangs counts as a failure of its problem. A failure prints the command that runs its
// problem alone.
import { parseArgs } from 'node:util';
import { runChild, sibling } from '../../../../tools/verify/support/children.js';
import { kinds, type Comparison } from './kinds.js';
import type { Message, Work } from './messages.js';

/** Compiling a shader may take this long on a slow software adapter. */
const SILENCE_MS = 180_000;
const COMPARISONS_OF_CHILD = 300;

const { values } = parseArgs({
  options: {
    adapter: { type: 'string', default: process.env.TESSERA_ADAPTER || 'auto' },
    count: { type: 'string', default: '3000' },
    seed: { type: 'string', default: '1' },
    jobs: { type: 'string', default: '2' },
    only: { type: 'string' },
    case: { type: 'string' },
  },
});

function whole(name: 'count' | 'seed' | 'jobs', least: number): number {
  const value = Number(values[name]);
  if (Number.isInteger(value) && value >= least) return value;
  console.error(`--${name} ${values[name]}: it must be a whole number from ${least}`);
  process.exit(2);
}

const [count, seed, jobs] = [whole('count', 0), whole('seed', 0), whole('jobs', 1)];
const passed = new Map<string, number>();
let failed = 0;
let adapter: string | undefined;

function fail(comparison: Comparison, wrong: string): void {
  failed += 1;
  console.log(
    `FAILED ${wrong}\n  npm run verify:convs -- --adapter ${values.adapter} --case '${JSON.stringify(comparison)}'`,
  );
}

interface Ended {
  readonly done: number;
  /** The random problem to go on with; undefined where the child ended before it said so. */
  readonly next?: number;
  /** The problem it was at when it crashed. */
  readonly crashedAt?: number;
}

async function runWork(work: Work): Promise<Ended> {
  let current: Comparison | undefined;
  let index = 0;
  let next: number | undefined;
  let done = 0;
  const end = await runChild<Message>(sibling(import.meta.url, 'worker'), {
    args: [JSON.stringify(work)],
    env: { TESSERA_ADAPTER: values.adapter },
    silenceMs: SILENCE_MS,
    onMessage: (message) => {
      if ('adapter' in message) {
        if (adapter === undefined) console.log(message.adapter);
        adapter = message.adapter;
      } else if ('begins' in message) {
        current = message.begins;
        index = message.index;
      } else if ('ends' in message) {
        done += 1;
        if (message.wrong !== undefined) fail(current!, message.wrong);
        else passed.set(message.ends, (passed.get(message.ends) ?? 0) + 1);
        current = undefined;
      } else next = message.next;
    },
  });
  if (end.failure === undefined) return { done, next };
  if (current === undefined) throw new Error(`a child ${end.failure} between two problems\n${end.errorText}`);
  fail(current, `the process ${end.failure}: ${end.errorText.trim().split('\n').at(-1) ?? ''}`);
  return { done: done + 1, crashedAt: index };
}

/** Random problems job, job + jobs, ... until its share of the count is compared, or no algorithm asked for takes them. */
async function runJob(job: number): Promise<void> {
  const { only } = values;
  let left = Math.ceil(count / jobs);
  let first = job;
  while (left > 0) {
    const comparisons = Math.min(left, COMPARISONS_OF_CHILD);
    const { done, next, crashedAt } = await runWork({ task: 'random', first, step: jobs, seed, comparisons, only });
    if (done === 0) return;
    left -= done;
    first = next ?? crashedAt! + jobs;
  }
}

if (values.case !== undefined) {
  await runWork({ task: 'one', comparison: JSON.parse(values.case) as Comparison });
} else {
  for (const kind of Object.keys(kinds)) await runWork({ task: 'named', kind, only: values.only });
  await Promise.all(Array.from({ length: jobs }, (_, job) => runJob(job)));
}
for (const [name, times] of [...passed].sort()) console.log(`${name.padEnd(24)} ${times} passed`);
const total = [...passed.values()].reduce((a, b) => a + b, 0);
console.log(`${total} passed, ${failed} failed on ${adapter}`);
process.exit(failed > 0 || total === 0 ? 1 : 0);
