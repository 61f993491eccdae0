// The child process of verify:damage: damages one file at the places FIRST..LAST-1, loads each result, runs it where it
// loads, and sends what became of it.  worker.ts FILE ADAPTER FIRST LAST
import { readFileSync } from 'node:fs';
import { loadOnnx } from '@tessera/onnx-loader';
import { acquireDevice, createSession, TesseraError, type Device } from '@tessera/runtime';
import { plainFeeds } from '../support/feeds.js';
import { applyDamage, damageCase, type Range } from './cases.js';
import type { Message, Outcome } from './messages.js';

const MAX_RESIDENT = 3 * 2 ** 30;
const MAX_ELEMENTS = 2 ** 22;

const [file, adapter, first, last] = process.argv.slice(2);
const send = (message: Message) => new Promise((resolve) => process.send!(message, undefined, undefined, resolve));

/** Where the file holds the elements of tensors of 64 bytes and more. */
function weightRanges(bytes: Uint8Array): Range[] {
  const ranges: Range[] = [];
  for (const { bytes: source } of loadOnnx(bytes).graph.initializers.values()) {
    if (source.byteLength < 64) continue;
    const view = source.read(0, source.byteLength);
    const start = view.byteOffset - bytes.byteOffset;
    if (view.buffer === bytes.buffer) ranges.push([start, start + view.byteLength]);
  }
  return ranges.sort((a, b) => a[0] - b[0]);
}

async function tryModel(bytes: Uint8Array, device: Device): Promise<{ outcome: Outcome; text: string }> {
  try {
    const session = await createSession(bytes, { device });
    try {
      const feeds = plainFeeds(session.inputs, 2, MAX_ELEMENTS);
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
for (let index = Number(first); index < Number(last); index++) {
  const damage = damageCase(index, bytes.length, weights);
  await send({ index, begins: `${damage.kind} at ${damage.offset}` });
  const { outcome, text } = await tryModel(applyDamage(bytes, damage), device);
  const resident = process.memoryUsage().rss;
  if (resident > MAX_RESIDENT) {
    await send({ index, outcome: 'too much memory', text: `${(resident / 2 ** 20).toFixed(0)} MiB are resident` });
    process.exit(0);
  }
  await send({ index, outcome, text });
  if (outcome === 'device lost') process.exit(0);
}
process.exit(0);
