// Damages real models at seeded places and watches that each is refused by a clear error or runs: never a crash, a
// hang, or memory without bound.
//   npm run verify:damage -- [--adapter A] [--places N] [--only FILE:INDEX] [--verbose]
// The models are examples/digits, and those of TESSERA_SHARED (or `shared` beside the repository) where it exists.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { runChild } from '../support/children.js';
import { finish, messageOf } from '../support/report.js';
import { repositoryRoot, sharedFolder } from '../support/shared-data.js';
import type { Message, Outcome } from './messages.js';

/** A case may take this long; the first of a process also loads the modules and opens the device. */
const SILENCE_MS = 10_000;
/** Of the address space's resident part; the child itself gives up at less, between two cases. */
const KILL_RESIDENT = 6 * 2 ** 30;
const PAGE = 4096;

type Verdict = Outcome | 'crashed' | 'hung';
const accepted: readonly Verdict[] = ['ran', 'loaded', 'refused'];

interface Result {
  readonly name: string;
  readonly verdict: Verdict;
  readonly passed: boolean;
}

const { values } = parseArgs({
  options: {
    adapter: { type: 'string', default: process.env.TESSERA_ADAPTER || 'auto' },
    places: { type: 'string', default: '2000' },
    only: { type: 'string' },
    verbose: { type: 'boolean', default: false },
  },
});

function modelFiles(): string[] {
  const files = [join(repositoryRoot, 'examples', 'digits', 'digits.onnx')];
  try {
    const folder = join(sharedFolder(), 'models');
    const names = readdirSync(folder).filter((name) => name.endsWith('.onnx'));
    files.push(...names.map((name) => join(folder, name)));
  } catch (error) {
    console.log(`Only examples/digits: ${messageOf(error)}`);
  }
  return files;
}

/** Kills a child whose resident memory grows beyond the limit within one case (where /proc tells). */
function watchMemory(pid: number): NodeJS.Timeout {
  return setInterval(() => {
    const statm = `/proc/${pid}/statm`;
    if (!existsSync(statm)) return;
    const resident = Number(readFileSync(statm, 'utf8').split(' ')[1]) * PAGE;
    if (resident > KILL_RESIDENT) process.kill(pid, 'SIGKILL');
  }, 200);
}

/** Cases `first`..`last - 1` of a file; a process that ends early is counted against its case, and the next goes on after it. */
async function damageFile(file: string, first: number, last: number): Promise<Result[]> {
  const results: Result[] = [];
  let next = first;
  const add = (index: number, verdict: Verdict, begins: string, text: string) => {
    const passed = accepted.includes(verdict);
    results.push({ name: `${basename(file)}:${index}`, verdict, passed });
    if (!passed || values.verbose) console.log(`${verdict}  ${basename(file)}:${index} (${begins})  ${text}`);
    next = index + 1;
  };
  while (next < last) {
    let begins = 'before the first';
    let memory: NodeJS.Timeout | undefined;
    const end = await runChild<Message>(new URL('./worker.ts', import.meta.url), {
      args: [file, values.adapter, String(next), String(last)],
      silenceMs: SILENCE_MS,
      onMessage: (message, child) => {
        memory ??= watchMemory(child.pid!);
        if ('begins' in message) begins = message.begins;
        else add(message.index, message.outcome, begins, message.text);
      },
    });
    clearInterval(memory);
    if (end.failure && next < last)
      add(next, end.timedOut ? 'hung' : 'crashed', begins, `${end.failure}\n${end.errorText}`);
  }
  return results;
}

async function damageAll(): Promise<Result[]> {
  const files = modelFiles();
  if (values.only) {
    const at = values.only.lastIndexOf(':');
    const index = Number(values.only.slice(at + 1));
    const file = files.find((path) => basename(path) === values.only!.slice(0, at));
    if (!file)
      throw new Error(`--only ${values.only}: the files are ${files.map((path) => basename(path)).join(', ')}`);
    return damageFile(file, index, index + 1);
  }
  const share = Math.ceil(Number(values.places) / files.length);
  const results: Result[] = [];
  for (const file of files) {
    const started = performance.now();
    const ofFile = await damageFile(file, 0, share);
    const counts = new Map<Verdict, number>();
    for (const { verdict } of ofFile) counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
    const text = [...counts].map(([verdict, count]) => `${count} ${verdict}`).join(', ');
    console.log(`${basename(file)}: ${text}; ${((performance.now() - started) / 1000).toFixed(0)} s`);
    results.push(...ofFile);
  }
  return results;
}

finish(await damageAll(), undefined);
