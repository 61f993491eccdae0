// Compares whole networks with onnxruntime-node's CPU provider on the same seeded inputs.
//   npm run verify:zoo -- [--adapter A] [--json FILE] [NAME...]
// The data stands outside the repository: in TESSERA_SHARED, or in `shared` beside it.
import { parseArgs } from 'node:util';
import { runChild } from '../support/children.js';
import { columns, finish } from '../support/report.js';
import { sharedFolder } from '../support/shared-data.js';
import { networkNames } from './networks.js';
import type { Row } from './row.js';

const SILENCE_MS = 10 * 60_000;
const WIDTHS = [24, 10, 10, 10, 6];

const { values, positionals } = parseArgs({
  options: { adapter: { type: 'string', default: process.env.TESSERA_ADAPTER || 'auto' }, json: { type: 'string' } },
  allowPositionals: true,
});

function print(row: Row): void {
  const number = (value: number | undefined, text: (value: number) => string) =>
    value === undefined ? '-' : text(value);
  const cells = [
    row.name,
    number(row.difference, (v) => v.toExponential(1)),
    number(row.oursMs, (v) => v.toFixed(1)),
    number(row.referenceMs, (v) => v.toFixed(1)),
    row.passed ? 'passed' : 'failed',
  ];
  console.log(columns(cells, WIDTHS) + (row.reason ? `  ${row.reason}` : ''));
}

async function verify(name: string): Promise<Row[]> {
  const rows: Row[] = [];
  const add = (row: Row) => {
    rows.push(row);
    print(row);
  };
  const end = await runChild<Row>(new URL('./worker.ts', import.meta.url), {
    args: [name, values.adapter],
    silenceMs: SILENCE_MS,
    onMessage: add,
  });
  if (end.failure) {
    console.error(end.errorText.trimEnd());
    add({ name, passed: false, reason: `its process ${end.failure}` });
  }
  return rows;
}

const unknown = positionals.filter((name) => !networkNames.includes(name));
if (unknown.length > 0) {
  console.error(`There is no network ${unknown.join(', ')}; there are ${networkNames.join(' ')}.`);
  process.exit(2);
}
console.log(`Reading ${sharedFolder()}; adapter: ${values.adapter}`);
console.log(columns(['network', 'difference', 'ours ms', 'ort cpu ms', 'result'], WIDTHS));
const rows: Row[] = [];
for (const name of positionals.length > 0 ? positionals : networkNames) rows.push(...(await verify(name)));
const adapters = new Set(rows.map((row) => row.adapter).filter(Boolean));
console.log(`ours on ${[...adapters].join(', ') || 'no adapter'}; the difference is max|ours - ort| / max|ort|`);
finish(rows, values.json);
