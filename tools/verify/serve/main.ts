// Proves `infer serve` under load, against misbehaving clients, lost devices, malformed requests and models, and SIGTERM.
//   npm run verify:serve -- [--adapter A] [--requests N] [--clients N] [--losses N] [--malformed N] [--models N] [--only NAME]
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { acquireDevice } from '@tessera/runtime';
import { finish } from '../support/report.js';
import { repositoryRoot } from '../support/shared-data.js';
import { loadMalformed, sendMalformed, type HostileResult } from './hostile.js';
import { load } from './load.js';
import { loseDevices } from './loss.js';
import { startProcess } from './process.js';
import { narrowModel, narrowTarget } from './narrow.js';
import { digitsTarget, makeCases } from './requests.js';
import { terminate } from './terminate.js';
import { throughput } from './throughput.js';

const { values } = parseArgs({
  options: {
    adapter: { type: 'string', default: process.env.TESSERA_ADAPTER || 'auto' },
    requests: { type: 'string', default: '10000' },
    clients: { type: 'string', default: '32' },
    losses: { type: 'string', default: '10' },
    malformed: { type: 'string', default: '20000' },
    models: { type: 'string', default: '5000' },
    only: { type: 'string' },
  },
});

const MIB = 2 ** 20;
/** Growth of the resident memory from the first tenth of the requests to the last that is no leak: collections are not in step. */
const GROWTH = 24 * MIB;
const MEMORY_LIMIT = 2048 * MIB;
const model = join(repositoryRoot, 'examples', 'digits', 'digits.onnx');
const adapter = ['--adapter', values.adapter, '--log-level', 'info'];
const rows: { readonly name: string; readonly passed: boolean }[] = [];

function check(name: string, passed: boolean, text: string): void {
  rows.push({ name, passed });
  console.log(`${passed ? 'passed' : 'FAILED'}  ${name}: ${text}`);
}

async function scenario(name: string, run: () => Promise<void>): Promise<void> {
  if (values.only && values.only !== name) return;
  try {
    await run();
  } catch (error) {
    check(name, false, error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
}

const device = await acquireDevice({ adapter: values.adapter });
const cases = await makeCases(model, digitsTarget, device, 64, 1);

await scenario('load', async () => {
  const server = await startProcess([model, ...adapter]);
  const result = await load(server, cases, Number(values.requests), Number(values.clients));
  const { outcomes, lost, resident, gpuBytes } = result;
  const total = outcomes.right + outcomes.retryable + outcomes.wrong + lost;
  check(
    'every answer is right and none is lost',
    outcomes.right === total && total === Number(values.requests),
    `${JSON.stringify(outcomes)}, ${lost} lost, beside ${result.disturbances} misbehaving clients`,
  );
  check(
    'resident memory is flat',
    resident[1] - resident[0] < GROWTH,
    resident.map((bytes) => `${(bytes / MIB).toFixed(0)} MiB`).join(' -> '),
  );
  check('GPU memory is flat', gpuBytes[1] <= gpuBytes[0] * 1.05, gpuBytes.join(' -> '));
  console.log(
    `        ${(total / result.seconds).toFixed(0)} requests/s, p50 ${result.p50Ms.toFixed(1)} ms, p99 ${result.p99Ms.toFixed(1)} ms`,
  );
  check('the server ends with status 0', (await server.stop()) === 0, 'SIGTERM');
});

await scenario('batching', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tessera-batching-'));
  const narrow = join(folder, 'narrow.onnx');
  writeFileSync(narrow, narrowModel());
  const all = await makeCases(narrow, narrowTarget, device, 64, 2);
  const one = all.filter(({ rows: count }) => count === 1);
  const rates = { off: [] as number[], on: [] as number[] };
  const off = await startProcess([narrow, ...adapter, '--max-batch', '1']);
  const on = await startProcess([narrow, ...adapter, '--max-batch', '16']);
  for (let round = 0; round < 3; round++) {
    rates.off.push(await throughput(off, one, 16, 3000));
    rates.on.push(await throughput(on, one, 16, 3000));
  }
  await Promise.all([off.stop(), on.stop()]);
  rmSync(folder, { recursive: true });
  const ratio = rates.on.map((rate, i) => rate / rates.off[i]).sort((a, b) => a - b)[1];
  check(
    'batching doubles the throughput at 16 clients',
    ratio >= 2,
    `${ratio.toFixed(2)} times (requests/s off ${rates.off.map(Math.round)}, on ${rates.on.map(Math.round)})`,
  );
});

await scenario('loss', async () => {
  const { outcomes, lost, recoveryMs } = await loseDevices(model, values.adapter, cases, Number(values.losses), 16);
  check(
    'every answer is right or says to try again',
    outcomes.wrong + lost === 0 && outcomes.right > 0,
    `${JSON.stringify(outcomes)}, ${lost} lost`,
  );
  const worst = Math.max(...recoveryMs);
  check(
    'served again within 2 s of each loss',
    recoveryMs.length === Number(values.losses) && worst < 2000,
    `${recoveryMs.length} losses, at most ${worst.toFixed(0)} ms`,
  );
});

function checkHostile(what: string, { sent, statuses, faults, peakResident }: HostileResult): void {
  for (const fault of faults.slice(0, 5)) console.log(`        ${fault}`);
  check(
    `${what} are answered by 4xx without paths`,
    faults.length === 0,
    `${sent} sent, ${JSON.stringify(statuses)}, ${faults.length} faults`,
  );
  check(
    `${what} leave the memory bounded`,
    peakResident < MEMORY_LIMIT,
    `at most ${(peakResident / MIB).toFixed(0)} MiB resident`,
  );
}

await scenario('hostile', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tessera-hostile-'));
  copyFileSync(model, join(folder, 'digits.onnx'));
  const server = await startProcess([folder, ...adapter, '--memory-budget', '512']);
  checkHostile('malformed requests', await sendMalformed(server, folder, Number(values.malformed), 1));
  checkHostile('malformed models', await loadMalformed(server, folder, model, Number(values.models)));
  const after = await load(server, cases, 200, 8);
  check('good requests are answered afterwards', after.outcomes.right === 200, JSON.stringify(after.outcomes));
  await server.stop();
  rmSync(folder, { recursive: true });
});

await scenario('terminate', async () => {
  for (let round = 0; round < 3; round++) {
    const server = await startProcess([model, ...adapter]);
    const { answered, refused, cut, status } = await terminate(server, cases, 16, 500 + round * 400);
    check(
      'SIGTERM under load leaves no request unanswered',
      cut.length === 0 && answered > 0 && status === 0,
      `${answered} answered, ${refused} refused, ${cut.length} cut (${[...new Set(cut)]}), status ${status}`,
    );
  }
});

device.dispose();
finish(rows, undefined);
