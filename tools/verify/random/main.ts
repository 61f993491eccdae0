// Random graphs of elementwise, reduction, shape and convolution operators, compared with onnxruntime-node's CPU provider.
//   npm run verify:random -- [--count N] [--seed S] [--adapter A] [--jobs N] [--json FILE]
// Graph i of a run has the seed S + i, so that one that failed is run again by --seed SEED --count 1.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { runChild } from '../support/children.js';
import type { Outcome } from './messages.js';

const SILENCE_MS = 120_000;
/** Graphs of one process. */
const BATCH = 50;
/** The share of graphs that onnxruntime may refuse; beyond it too little is compared. */
const MOST_REFUSED = 0.05;

const { values } = parseArgs({
  options: {
    adapter: { type: 'string', default: process.env.TESSERA_ADAPTER || 'auto' },
    count: { type: 'string', default: '500' },
    seed: { type: 'string', default: '1' },
    jobs: { type: 'string', default: '2' },
    json: { type: 'string' },
  },
});

function whole(name: 'count' | 'seed' | 'jobs', least: number): number {
  const value = Number(values[name]);
  if (Number.isInteger(value) && value >= least) return value;
  console.error(`--${name} ${values[name]}: a whole number from ${least} is right`);
  process.exit(2);
}

const [count, seed, jobs] = [whole('count', 1), whole('seed', 0), whole('jobs', 1)];
const outcomes: Outcome[] = [];

function add(outcome: Outcome): void {
  outcomes.push(outcome);
  if (outcome.status !== 'failed') return;
  console.log(`failed  graph ${outcome.seed} (${outcome.operators.join(', ')}): ${outcome.reason}`);
  console.log(`        again: npm run verify:random -- --seed ${outcome.seed} --count 1 --adapter ${values.adapter}`);
}

/** Runs seeds [first, last); after a crash, the seeds behind the one that caused it. */
async function runBatch(first: number, last: number): Promise<void> {
  let next = first;
  const end = await runChild<Outcome>(new URL('./worker.ts', import.meta.url), {
    args: [values.adapter, String(first), String(last)],
    silenceMs: SILENCE_MS,
    onMessage: (outcome) => {
      next = outcome.seed + 1;
      add(outcome);
    },
  });
  if (next >= last && !end.failure) return;
  if (end.failure && outcomes.length === 0) console.error(end.errorText.trimEnd());
  add({ seed: next, status: 'failed', reason: `its process ${end.failure ?? 'ended early'}`, operators: [] });
  if (next + 1 < last) await runBatch(next + 1, last);
}

const batches = Array.from({ length: Math.ceil(count / BATCH) }, (_, i) => seed + i * BATCH);
const lane = async () => {
  for (let first = batches.shift(); first !== undefined; first = batches.shift()) {
    await runBatch(first, Math.min(seed + count, first + BATCH));
  }
};
await Promise.all(Array.from({ length: jobs }, lane));

const number = (status: Outcome['status']) => outcomes.filter((outcome) => outcome.status === status).length;
const used = new Set(outcomes.filter(({ status }) => status === 'passed').flatMap(({ operators }) => operators));
const refused = number('refused');
if (values.json) writeFileSync(values.json, `${JSON.stringify(outcomes, null, 2)}\n`);
console.log(`${used.size} operators in graphs that agree; onnxruntime refused ${refused} graphs`);
if (refused > MOST_REFUSED * count) console.log(`failed  more than ${100 * MOST_REFUSED}% of the graphs were refused`);
console.log(`${number('passed')} passed, ${number('failed')} failed`);
process.exit(number('failed') > 0 || number('passed') === 0 || refused > MOST_REFUSED * count ? 1 : 0);
