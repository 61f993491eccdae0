// A child process of the conformance run: runs cases on one device, and sends what became of each.
//   worker.ts FOLDER ADAPTER CASE...
import { acquireDevice, TesseraError, type Device } from '@tessera/runtime';
import { messageOf } from '../support/report.js';
import { attemptCase } from './attempts.js';
import type { Message, Outcome } from './messages.js';
import { openCase, readTolerances } from './suite.js';

const [root, adapter, ...names] = process.argv.slice(2);
const toleranceOf = readTolerances(root);
const send = (message: Message) => new Promise((resolve) => process.send!(message, undefined, undefined, resolve));

async function runCase(name: string, device: Device): Promise<Outcome> {
  const began = performance.now();
  const took = () => Math.round(performance.now() - began);
  try {
    const { difference, placements } = await attemptCase(openCase(root, name), device, toleranceOf(name));
    return { name, ms: took(), error: difference, placements };
  } catch (error) {
    const code = error instanceof TesseraError ? error.code : undefined;
    const kind = code ?? (error instanceof Error ? error.name : 'thrown');
    return { name, ms: took(), error: `${kind}: ${messageOf(error).split('\n')[0]}`, code };
  }
}

const device = await acquireDevice({ adapter }).catch((error: unknown) => {
  console.error(messageOf(error));
  process.exit(1);
});
for (const name of names) {
  await send({ begins: name });
  const outcome = await runCase(name, device);
  await send(outcome);
  // The next process goes on with a device of its own.
  if (outcome.code === 'DEVICE_LOST') break;
}
process.exit(0);
