// Creates, runs and disposes a session over and over, and watches that nothing is left behind.
//   npm run verify:memory -- [--adapter A] [--rounds N]
// The resident memory of the last quarter of the rounds may exceed that of the second quarter by a few MiB; the number
// of live GPU buffers and their bytes may not change at all.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { acquireDevice, createSession, type Session } from '@tessera/runtime';
import { plainFeeds } from '../support/feeds.js';
import { median } from '../support/measure.js';
import { finish } from '../support/report.js';
import { repositoryRoot } from '../support/shared-data.js';

const MODEL = join(repositoryRoot, 'examples', 'digits', 'digits.onnx');
const BATCH = 3;
const MAX_ELEMENTS = 1e6;
const MIB = 2 ** 20;

const { values } = parseArgs({
  options: {
    adapter: { type: 'string', default: process.env.TESSERA_ADAPTER || 'auto' },
    rounds: { type: 'string', default: '200' },
  },
});
const rounds = Number(values.rounds);
const collect = (globalThis as { gc?: () => void }).gc;
if (!collect || !Number.isInteger(rounds) || rounds < 8) {
  console.error('usage: node --expose-gc ... [--adapter A] [--rounds N], N at least 8');
  process.exit(2);
}

interface Check {
  readonly name: string;
  readonly passed: boolean;
}

async function runOnce(session: Session): Promise<void> {
  await session.run(plainFeeds(session.inputs, () => BATCH, MAX_ELEMENTS)!);
  session.dispose();
}

/** Runs the rounds; returns the resident bytes after each. */
async function repeat(round: (index: number) => Promise<void>): Promise<number[]> {
  const resident: number[] = [];
  for (let i = 0; i < rounds; i++) {
    await round(i);
    collect!();
    // Lets finalizers of collected GPU objects run.
    await new Promise((resolve) => setImmediate(resolve));
    resident.push(process.memoryUsage().rss);
  }
  return resident;
}

function checkResident(what: string, resident: readonly number[], allowedMiB: number): Check {
  const quarter = Math.floor(rounds / 4);
  const early = median(resident.slice(quarter, 2 * quarter)) / MIB;
  const late = median(resident.slice(-quarter)) / MIB;
  const passed = late - early <= allowedMiB;
  const figures = `${early.toFixed(0)} MiB in the second quarter, ${late.toFixed(0)} MiB in the last`;
  return report(`${what}: resident memory, ${figures} (at most ${allowedMiB} more)`, passed);
}

function report(name: string, passed: boolean): Check {
  console.log(`${passed ? 'passed' : 'failed'}  ${name}`);
  return { name, passed };
}

/** Sessions on one device: what a server does. */
async function sharedDevice(): Promise<Check[]> {
  const device = await acquireDevice({ adapter: values.adapter });
  const live = new Set<string>();
  const resident = await repeat(async () => {
    await runOnce(await createSession(MODEL, { device }));
    const { buffers, bytes } = device.memory;
    live.add(`${buffers} buffers, ${bytes} bytes`);
  });
  const what = `${rounds} sessions on one device`;
  const states = [...live].slice(0, 4).join('; ');
  const checks = [
    checkResident(what, resident, 8),
    report(`${what}: live after each: ${states}`, live.size === 1 && device.memory.buffers === 0),
  ];
  device.dispose();
  return checks;
}

/** Sessions that acquire and dispose a device of their own. */
async function ownDevices(): Promise<Check[]> {
  const resident = await repeat(async () => runOnce(await createSession(MODEL, { adapter: values.adapter })));
  return [checkResident(`${rounds} sessions, each on a device of its own`, resident, 16)];
}

finish([...(await sharedDevice()), ...(await ownDevices())], undefined);
