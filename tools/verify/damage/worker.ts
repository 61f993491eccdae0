// The child process of verify:damage: damages one file at the places FIRST..LAST-1, loads each result, runs it where it
// loads, and sends what became of it.  worker.ts FILE ADAPTER FIRST LAST
import { readFileSync } from 'node:fs';
import { acquireDevice, createSession, TesseraError, type Device } from '@tessera/runtime';
import { plainFeeds } from '../support/feeds.js';
import { applyDamage, damageCase, weightRanges } from './cases.js';
import type { Message, Outcome } from './messages.js';

const MAX_RESIDENT = 3 * 2 ** 30;
const MAX_ELEMENTS = 2 ** 22;

const [file, adapter, first, last] = process.argv.slice(2);
const send = (message: Message) => new Promise((resolve) => process.send!(message, undefined, undefined, resolve));

type Sizes = ReadonlyMap<string, number>;

/** Sizes of the symbols with which the whole model runs: 2 each, or 512 where a window needs more. */
async function workingSizes(bytes: Uint8Array, device: Device): Promise<Sizes> {
  await using session = await createSession(bytes, { device });
  const symbols = [
    ...new Set(session.inputs.flatMap(({ dims = [] }) => dims.filter((dim) => typeof dim === 'string'))),
  ];
  for (let choice = 0; choice < 2 ** symbols.length; choice++) {
    const sizes = new Map(symbols.map((symbol, i) => [symbol, (choice >> i) % 2 === 0 ? 2 : 512]));
    const runs = await session.run(plainFeeds(session.inputs, (symbol) => sizes.get(symbol)!, MAX_ELEMENTS)!).then(
      () => true,
      () => false,
    );
    if (runs) return sizes;
  }
  throw new Error(`${file} does not run undamaged with sizes of 2 and 512`);
}

async function tryModel(bytes: Uint8Array, device: Device, sizes: Sizes): Promise<{ outcome: Outcome; text: string }> {
  try {
    const session = await createSession(bytes, { device });
    try {
      const feeds = plainFeeds(session.inputs, (symbol) => sizes.get(symbol) ?? 2, MAX_ELEMENTS);
      if (!feeds) return { outcome: 'loaded', text: 'inputs of no plain kind' };
      await session.run(feeds);
      return { outcome: 'ran', text: '' };
    } finally {
      session.dispose();
    }
  } catch (error) {
    if (!(error instanceof TesseraError))
      return { outcome: 'wrong error', text: (error as Error)?.stack ?? String(error) };
    const bad = { DEVICE_LOST: 'device lost', INTERNAL: 'wrong error' } as const;
    const outcome = bad[error.code as keyof typeof bad] ?? 'refused';
    return { outcome, text: `${error.code}: ${error.message}` };
  }
}

const bytes = new Uint8Array(readFileSync(file));
const weights = weightRanges(bytes);
const device = await acquireDevice({ adapter });
const sizes = await workingSizes(bytes, device);
for (let index = Number(first); index < Number(last); index++) {
  const damage = damageCase(index, bytes.length, weights);
  await send({ index, begins: `${damage.kind} at ${damage.offset}` });
  const { outcome, text } = await tryModel(applyDamage(bytes, damage), device, sizes);
  const resident = process.memoryUsage().rss;
  if (resident > MAX_RESIDENT) {
    await send({ index, outcome: 'too much memory', text: `${(resident / 2 ** 20).toFixed(0)} MiB are resident` });
    process.exit(0);
  }
  await send({ index, outcome, text });
  if (outcome === 'device lost') process.exit(0);
}
process.exit(0);
