// Runs `infer bench --peer` on whole networks and writes their table as Markdown.
//   npm run bench:infer -- [--adapter A] [--peer onnxruntime] [--out FILE.md] [--duration S] [NETWORK...]
// The networks stand outside the repository: in TESSERA_SHARED, or in `shared` beside it.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import type { BenchReport } from '@tessera/cli';
import { repositoryRoot } from '../../verify/support/shared-data.js';
import { fewNetworks, openNetwork } from '../../verify/zoo/networks.js';
import { table, type Row } from './table.js';

const { values, positionals } = parseArgs({
  options: {
    adapter: { type: 'string', default: process.env.TESSERA_ADAPTER || 'auto' },
    peer: { type: 'string', default: 'onnxruntime' },
    out: { type: 'string' },
    duration: { type: 'string', default: '3' },
    iterations: { type: 'string', default: '10' },
  },
  allowPositionals: true,
});

const entry = join(repositoryRoot, 'packages', 'cli', 'src', 'main.ts');
const longest = 256 * 1024 * 1024;

/** Flags of `infer bench` that stand in the table's head. */
const flags = ['--peer', values.peer, '--duration', values.duration, '--iterations', values.iterations];

function bench(model: string, shapes: Readonly<Record<string, readonly number[]>>): BenchReport | string {
  const sizes = Object.entries(shapes).map(([name, dims]) => `${name}:${dims.join('x')}`);
  const given = ['--adapter', values.adapter, '--shapes', sizes.join(',')];
  const args = [...process.execArgv, entry, 'bench', model, ...given, ...flags, '--json'];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8', maxBuffer: longest });
  if (status === 0) return JSON.parse(stdout) as BenchReport;
  return stderr.trim().split('\n').at(-1) ?? `status ${status}`;
}

const command = `npm run bench:infer -- --adapter ${values.adapter} ${flags.join(' ')}`;
const machine = `${cpus()[0].model.trim()}, ${availableParallelism()} processors`;
if (values.out) mkdirSync(dirname(values.out), { recursive: true });
const rows: Row[] = [];
let text = '';
for (const name of positionals.length > 0 ? positionals : fewNetworks) {
  const { path, sizes, inputsFor } = await openNetwork(name);
  const inputs = Object.entries(inputsFor(sizes[0])).map(([input, { dims }]) => [input, dims] as const);
  const report = bench(path, Object.fromEntries(inputs));
  rows.push({ name, report });
  console.log(`${name}: ${typeof report === 'string' ? report : `ratio ${report.peer?.ratio.toFixed(2)}`}`);
  // Whole after each network, so that a run that is stopped leaves what it measured.
  text = table(rows, { command, machine, node: process.version });
  if (values.out) writeFileSync(values.out, text);
}
if (!values.out) console.log(text);
const failed = rows.filter(({ report }) => typeof report === 'string').length;
console.log(`${rows.length - failed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
