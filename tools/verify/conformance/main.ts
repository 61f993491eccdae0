// Runs the ONNX project's backend tests.
//   npm run conformance -- [--adapter A] [--filter TEXT] [--json FILE] [--jobs N]
// The suite stands outside the repository: in TESSERA_SHARED, or in `shared` beside it. exclusions.json names the cases
// of what is not supported; they run too, and those that pass are named, so that the list can shrink.
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { messageOf } from '../support/report.js';
import { runBatches } from './batches.js';
import { exclusionList, type Exclusions } from './exclusions.js';
import type { Outcome } from './messages.js';
import { listCases, unpackSuite } from './suite.js';
import { summaryLines, type Row, type Status } from './summary.js';

const { values } = parseArgs({
  options: {
    adapter: { type: 'string', default: 'auto' },
    filter: { type: 'string', default: '' },
    json: { type: 'string' },
    jobs: { type: 'string', default: '2' },
  },
});

function statusOf(error: string | undefined, reason: string | undefined): Status {
  if (reason === undefined) return error === undefined ? 'passed' : 'failed';
  return error === undefined ? 'excluded, but passes' : 'excluded';
}

const jobs = Number(values.jobs);
if (!Number.isInteger(jobs) || jobs < 1) {
  console.error(`--jobs ${values.jobs}: a number of processes from 1 is right`);
  process.exit(2);
}
const root = await unpackSuite();
const names = listCases(root).map((test) => test.name);
const selected = names.filter((name) => name.includes(values.filter));
const file = new URL('./exclusions.json', import.meta.url);
const exclusions = exclusionList(JSON.parse(readFileSync(file, 'utf8')) as Exclusions);

const rows: Row[] = [];
const add = ({ name, ms, error, placements = [] }: Outcome) => {
  const reason = exclusions.reasonFor(name);
  const row: Row = { name, status: statusOf(error, reason), ms, error, reason, placements };
  rows.push(row);
  const onCpu = placements.filter(({ where }) => where === 'cpu').map(({ opType }) => `${opType} on the CPU`);
  const why = row.status === 'failed' ? error : (reason ?? [...new Set(onCpu)].join(', '));
  console.log(`${row.status}  ${name}${why ? `  ${why}` : ''}`);
};

console.log(`${selected.length} cases of ${root}; adapter: ${values.adapter}`);
try {
  await runBatches(selected, { root, adapter: values.adapter, jobs, onOutcome: add });
} catch (error) {
  console.error(messageOf(error));
  process.exit(1);
}

rows.sort((a, b) => names.indexOf(a.name) - names.indexOf(b.name));
if (values.json) writeFileSync(values.json, `${JSON.stringify(rows, null, 2)}\n`);
for (const line of summaryLines(rows, exclusions.idle(names))) console.log(line);
const count = (status: Status) => rows.filter((row) => row.status === status).length;
console.log(`\n${rows.filter((row) => row.reason !== undefined).length} excluded`);
console.log(`${count('passed')} passed, ${count('failed')} failed`);
process.exit(count('failed') > 0 || rows.length === 0 ? 1 : 0);
