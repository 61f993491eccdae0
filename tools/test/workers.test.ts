import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call } from '../testing/inference.js';
import { repositoryRoot } from '../verify/support/shared-data.js';
import { startProcess, type ServerProcess } from '../verify/serve/process.js';

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const body = JSON.stringify({
  inputs: [{ name: 'image', shape: [1, 1, 8, 8], datatype: 'FP32', data: new Array(64).fill(0.5) }],
});

let folder: string;
let server: ServerProcess;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tessera-workers-'));
  for (const name of ['digits', 'other'])
    copyFileSync(join(repositoryRoot, 'examples', 'digits', 'digits.onnx'), join(folder, `${name}.onnx`));
  server = await startProcess([folder, '--workers', '2', '--max-batch', '1']);
});
afterAll(async () => {
  server.child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

/** Ids of the worker processes: children of the server that run its command. */
function workers(): number[] {
  const ids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return ids.map(Number).filter((id) => isWorker(id));
}

function isWorker(id: number): boolean {
  try {
    const [, parent] = /\) \S (\d+)/.exec(readFileSync(`/proc/${id}/stat`, 'latin1'))!;
    return Number(parent) === server.child.pid && readFileSync(`/proc/${id}/cmdline`, 'latin1').includes('main.ts');
  } catch {
    return false;
  }
}

/** The metrics' lines that begin with a text, as values. */
async function metric(begin: string): Promise<number[]> {
  const { body: text } = await call(server.url, '/metrics');
  const lines = text.toString().split('\n');
  return lines.filter((line) => line.startsWith(begin)).map((line) => Number(line.split(' ').at(-1)));
}

/** Resolves when a process other than those named listens, which it does once its models are loaded. */
function othersListen(known: readonly number[]): Promise<void> {
  return new Promise((resolve) => {
    createInterface(server.child.stdout!).on('line', (line) => {
      const { msg, pid } = JSON.parse(line) as { msg: string; pid: number };
      if (msg === 'listening' && !known.includes(pid)) resolve();
    });
  });
}

const status = (path: string, method = 'GET') =>
  call(server.url, path, { method, headers: { connection: 'close' } }).then(
    (answer) => answer.status,
    () => 0,
  );

/** A request's status over a new connection, which any of the processes may get. */
const infer = () =>
  call(server.url, '/v2/models/digits/infer', { body, headers: { connection: 'close' } }).then(
    (answer) => answer.status,
    () => 0,
  );

describe('several processes', () => {
  it('share a port, and add up what they count', async () => {
    const before = (await metric('tessera_request_duration_seconds_count{model="digits"'))[0] ?? 0;
    const statuses = await Promise.all(Array.from({ length: 20 }, infer));
    expect(statuses).toEqual(new Array(20).fill(200));
    expect((await metric('tessera_request_duration_seconds_count{model="digits"'))[0]).toBe(before + 20);
    expect(await metric('tessera_device_healthy')).toEqual([1]);
  });

  it('load and unload together', async () => {
    expect(await status('/v2/repository/models/other/unload', 'POST')).toBe(200);
    for (let i = 0; i < 6; i++) expect(await status('/v2/models/other/ready')).toBe(503);
    expect(await status('/v2/repository/models/other/load', 'POST')).toBe(200);
    for (let i = 0; i < 6; i++) expect(await status('/v2/models/other/ready')).toBe(200);
  });

  it('are replaced where one dies, by one that has unloaded what the others have', async () => {
    expect(await status('/v2/repository/models/other/unload', 'POST')).toBe(200);
    const [first, second] = workers();
    const replaced = othersListen([first, second]);
    process.kill(first, 'SIGKILL');
    await replaced;
    expect(workers()).toContain(second);
    expect(workers()).toHaveLength(2);
    const all = (ask: () => Promise<number>) => Promise.all(Array.from({ length: 10 }, ask));
    expect(await all(infer)).toEqual(new Array(10).fill(200));
    const isReady = () => status('/v2/models/other/ready');
    while ((await all(isReady)).some((answer) => answer !== 503)) await pause(50);
  });

  it('end together', async () => {
    // One of them was killed, which the status tells.
    expect(await server.stop()).toBe(1);
  });

  it('end where none can start', async () => {
    const main = join(repositoryRoot, 'packages', 'cli', 'src', 'main.ts');
    const node = ['--import', 'tsx', '--conditions', 'tessera-source', main];
    const child = spawn(process.execPath, [...node, 'serve', join(folder, 'missing.onnx'), '--workers', '2'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let errors = '';
    child.stderr.on('data', (chunk) => (errors += String(chunk)));
    expect((await once(child, 'exit'))[0]).toBe(1);
    expect(errors).toContain('missing.onnx does not exist');
  });
});
