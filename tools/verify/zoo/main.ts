// Compares whole networks with onnxruntime-node's CPU provider on the same seeded inputs.
//   npm run zoo -- [--adapter A] [--jobs N] [--limit SECONDS] [--budget MS] [--json FILE] [NAME...]
//   npm run verify:zoo -- ...    the same, of a few networks one after another, and timed
// Without names it runs every architecture of the zoo and the trained models; exclusions.json names those that are not
// expected to pass, a reason each. The data stands outside the repository: in TESSERA_SHARED, or in `shared` beside it.
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { runChild } from '../support/children.js';
import { columns } from '../support/report.js';
import { sharedFolder } from '../support/shared-data.js';
import { allNetworks, fewNetworks } from './networks.js';
import type { Row } from './row.js';

const WIDTHS = [36, 10, 10, 10, 8];

const { values, positionals } = parseArgs({
  options: {
    adapter: { type: 'string', default: process.env.TESSERA_ADAPTER || 'auto' },
    json: { type: 'string' },
    few: { type: 'boolean', default: false },
    /** Networks at a time, each in a process of its own. */
    jobs: { type: 'string', default: '2' },
    /** Seconds without a result after which a network has failed. */
    limit: { type: 'string', default: '600' },
    /** Milliseconds to spend on timing each runtime; 0: a single run. */
    budget: { type: 'string', default: '0' },
  },
  allowPositionals: true,
});

const exclusions = JSON.parse(readFileSync(new URL('./exclusions.json', import.meta.url), 'utf8')) as Readonly<
  Record<string, string>
>;

function print(row: Row): void {
  const number = (value: number | undefined, text: (value: number) => string) =>
    value === undefined ? '-' : text(value);
  const cells = [
    row.name,
    number(row.difference, (v) => v.toExponential(1)),
    number(row.oursMs, (v) => v.toFixed(1)),
    number(row.referenceMs, (v) => v.toFixed(1)),
    row.status,
  ];
  const remarks = [row.reason, row.note].filter(Boolean).map((text) => `  ${text}`);
  console.log(columns(cells, WIDTHS) + remarks.join(''));
}

const rows: Row[] = [];

function add(row: Row): void {
  const excluded = row.status === 'failed' ? exclusions[row.name.split(' ')[0]] : undefined;
  const known: Row = excluded === undefined ? row : { ...row, status: 'excluded', reason: excluded };
  rows.push(known);
  print(known);
}

async function verify(name: string): Promise<void> {
  const end = await runChild<Row>(new URL('./worker.ts', import.meta.url), {
    args: [name, values.adapter, values.budget],
    silenceMs: Number(values.limit) * 1000,
    onMessage: add,
  });
  if (!end.failure) return;
  console.error(end.errorText.trimEnd());
  add({ name, status: 'failed', reason: `its process ${end.failure}` });
}

/** Runs the networks in `jobs` lanes, each of which takes the next one that is left. */
async function verifyAll(names: readonly string[], jobs: number): Promise<void> {
  const left = [...names];
  const lane = async () => {
    for (let name = left.shift(); name !== undefined; name = left.shift()) await verify(name);
  };
  await Promise.all(Array.from({ length: jobs }, lane));
}

for (const option of ['jobs', 'limit', 'budget'] as const) {
  const least = option === 'budget' ? 0 : 1;
  if (Number.isInteger(Number(values[option])) && Number(values[option]) >= least) continue;
  console.error(`--${option} ${values[option]}: a whole number from ${least} is right`);
  process.exit(2);
}
const known = allNetworks();
const unknown = positionals.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  console.error(`There is no network ${unknown.join(', ')}; there are ${known.join(' ')}.`);
  process.exit(2);
}
console.log(`Reading ${sharedFolder()}; adapter: ${values.adapter}`);
console.log(columns(['network', 'difference', 'ours ms', 'ort cpu ms', 'result'], WIDTHS));
const defaults = values.few ? fewNetworks : known;
await verifyAll(positionals.length > 0 ? positionals : defaults, Number(values.jobs));
const adapters = new Set(rows.map((row) => row.adapter).filter(Boolean));
console.log(`ours on ${[...adapters].join(', ') || 'no adapter'}; the difference is max|ours - ort| / max|ort|`);
if (values.json) writeFileSync(values.json, `${JSON.stringify(rows, null, 2)}\n`);
const count = (status: Row['status']) => rows.filter((row) => row.status === status).length;
console.log(`${count('passed')} passed, ${count('failed')} failed, ${count('excluded')} excluded`);
process.exit(count('failed') > 0 || rows.length === 0 ? 1 : 0);
