import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeNpy, encodeNpy } from '@tessera/cli';
import { acquireDevice, createSession } from '@tessera/runtime';
import { random } from '../support/random.js';
import { repositoryRoot } from '../support/shared-data.js';

export interface KillResult {
  readonly kills: number;
  readonly items: number;
  /** Items that were done when each kill came. */
  readonly doneAtKill: readonly number[];
  /** Results missing, of wrong content, or made twice; files that should not be there. */
  readonly faults: readonly string[];
}

const pixels = 64;
const tolerance = 1e-4;

function writeItems(folder: string, count: number): string[] {
  const next = random(5);
  return Array.from({ length: count }, (_, i) => {
    const id = `part-${i % 7}/item-${String(i).padStart(5, '0')}.npy`;
    mkdirSync(join(folder, `part-${i % 7}`), { recursive: true });
    const data = Float32Array.from({ length: pixels }, next);
    writeFileSync(join(folder, id), encodeNpy({ dataType: 'float32', dims: [1, 1, 8, 8], data }));
    return id;
  });
}

/** Names of all files below a folder. */
function namesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => /[^/]\.(npy|part)$/.test(name));
}

/** Files of a folder that nobody writes to, and when each was written. */
function written(folder: string): Map<string, number> {
  return new Map(namesIn(folder).map((name) => [name, statSync(join(folder, name)).mtimeMs]));
}

const isWhole = (name: string) => name.endsWith('.npy') && !name.split('/').at(-1)!.startsWith('.');
const countWhole = (names: Iterable<string>) => [...names].filter(isWhole).length;

function start(model: string, input: string, output: string, adapter: string) {
  const main = join(repositoryRoot, 'packages', 'cli', 'src', 'main.ts');
  const node = ['--import', 'tsx', '--conditions', 'tessera-source', main, 'batch', model];
  const args = [...node, '--input', input, '--output', output, '--adapter', adapter];
  return spawn(process.execPath, args, { cwd: repositoryRoot, stdio: ['ignore', 'pipe', 'ignore'] });
}

/**
 * Kills `infer batch` in the middle at random moments, starts it again each time, lets the last run end, and checks every
 * result against a solitary run's.
 */
export async function killBatch(adapter: string, kills: number, items: number): Promise<KillResult> {
  const folder = mkdtempSync(join(tmpdir(), 'tessera-kill-'));
  const [input, output] = [join(folder, 'in'), join(folder, 'out')];
  const model = join(repositoryRoot, 'examples', 'digits', 'digits.onnx');
  const ids = writeItems(input, items);
  const faults: string[] = [];
  const doneAtKill: number[] = [];
  const next = random(9);
  let before = new Map<string, number>();
  for (let round = 0; round <= kills; round++) {
    const child = start(model, input, output, adapter);
    const ended = once(child, 'exit') as Promise<[number | null, string | null]>;
    if (round < kills) {
      // At a random place of what is left, leaving some for each of the later rounds.
      const left = items - countWhole(before.keys());
      const goal = countWhole(before.keys()) + Math.floor((next() * 2 * left) / (kills - round + 1));
      while (child.exitCode === null && countWhole(namesIn(output)) <= goal)
        await new Promise((resolve) => setTimeout(resolve, 1 + next() * 10));
      child.kill('SIGKILL');
    }
    const [code, signal] = await ended;
    if (round === kills && code !== 0) faults.push(`the last run ended with ${code ?? signal}`);
    const after = written(output);
    for (const [name, time] of before)
      if (isWhole(name) && after.get(name) !== time) faults.push(`${name} was made again`);
    if (round < kills) doneAtKill.push(countWhole(after.keys()));
    before = after;
  }
  faults.push(...(await checkResults(adapter, model, input, output, ids)));
  rmSync(folder, { recursive: true });
  return { kills, items, doneAtKill, faults };
}

async function checkResults(
  adapter: string,
  model: string,
  input: string,
  output: string,
  ids: readonly string[],
): Promise<string[]> {
  const faults: string[] = [];
  const wanted = new Set(ids.map((id) => `${id}.npy`));
  for (const name of written(output).keys()) if (!wanted.has(name)) faults.push(`${name} should not be there`);
  const device = await acquireDevice({ adapter });
  const session = await createSession(model, { device });
  for (const id of ids) {
    const path = join(output, `${id}.npy`);
    if (!existsSync(path)) {
      faults.push(`${id} has no result`);
      continue;
    }
    const image = decodeNpy(readFileSync(join(input, id)));
    const { data, dims } = decodeNpy(readFileSync(path));
    const scores = (await session.run({ image })).scores.data as Float32Array;
    const isRight =
      dims.join() === '1,10' && scores.every((score, i) => Math.abs(score - Number(data[i])) <= tolerance);
    if (!isRight) faults.push(`${id} has a wrong result`);
  }
  session.dispose();
  device.dispose();
  return faults;
}
