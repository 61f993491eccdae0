import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { repositoryRoot } from '../support/shared-data.js';

/** `infer serve` in a process of its own. */
export interface ServerProcess {
  readonly child: ChildProcess;
  readonly url: string;
  readonly grpcAddress: string;
  /** Bytes of its resident memory. */
  resident(): number;
  /** Tells it to end; the exit status, or the signal that ended it. */
  stop(): Promise<number | string>;
}

/** V8 lets its heap grow while there is memory to spare, which would look like a leak. */
const smallHeap = ['--max-semi-space-size=4', '--max-old-space-size=256'];

/** Starts `infer serve` on ports that are free; resolves once it listens and its models are loaded. */
export async function startProcess(args: readonly string[]): Promise<ServerProcess> {
  const main = join(repositoryRoot, 'packages', 'cli', 'src', 'main.ts');
  const node = [...smallHeap, '--import', 'tsx', '--conditions', 'tessera-source', main, 'serve', ...args];
  const child = spawn(process.execPath, [...node, '--port', '0', '--grpc-port', '0'], {
    cwd: repositoryRoot,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (chunk) => (errors += String(chunk)));
  const listening = new Promise<{ url: string; grpc: string }>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the server ended with ${code} before it listened: ${errors}`)));
    createInterface(child.stdout).on('line', (line) => {
      if (line.includes('"msg":"listening"')) resolve(JSON.parse(line) as { url: string; grpc: string });
    });
  });
  const { url, grpc } = await listening;
  child.removeAllListeners('exit');
  while (!(await isReady(url))) await new Promise((resolve) => setTimeout(resolve, 50));
  return {
    child,
    url,
    grpcAddress: grpc,
    resident: () => Number(readFileSync(`/proc/${child.pid}/statm`, 'utf8').split(' ')[1]) * 4096,
    async stop() {
      child.kill('SIGTERM');
      const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
      return code ?? signal ?? 'nothing';
    },
  };
}

/** Whether all models are ready; there is at least one. */
async function isReady(url: string): Promise<boolean> {
  const models = (await (await fetch(`${url}/v2/repository/index`, { method: 'POST' })).json()) as { state: string }[];
  const loading = models.some(({ state }) => state === 'LOADING');
  return !loading && models.some(({ state }) => state === 'READY');
}
