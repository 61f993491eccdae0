import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Tensor } from '@tessera/runtime';
import { CliError } from '../errors.js';
import type { Answer, Request } from './messages.js';
import type { PeerName } from './onnxruntime.js';

/** The same model in another runtime. */
export interface Peer {
  readonly version: string;
  readonly sessionMs: number;
  readonly firstRunMs: number;
  /** Of the first run. */
  readonly outputs: Readonly<Record<string, Tensor>>;
  /** Milliseconds of one run, from inputs in host memory to outputs in host memory. */
  run(): Promise<number>;
  close(): void;
}

const KEPT_ERROR_TEXT = 2000;

/**
 * Opens a model in onnxruntime-node, in a process of its own, since two WebGPU implementations do not share one well.
 * Its adapter is the runtime's own choice.
 */
export async function openPeer(peer: PeerName, model: string, feeds: Readonly<Record<string, Tensor>>): Promise<Peer> {
  const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
  const child = fork(fileURLToPath(new URL(`./worker${extension}`, import.meta.url)), [], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    serialization: 'advanced',
  });
  let errorText = '';
  child.stderr!.on('data', (chunk: Buffer) => (errorText = (errorText + chunk.toString()).slice(-KEPT_ERROR_TEXT)));
  const close = () => void (child.connected && child.disconnect());
  const ask = (request: Request) =>
    new Promise<Answer>((resolve, reject) => {
      const ended = (code: number | null, signal: string | null) =>
        reject(new CliError(`the process of ${peer} ended (${signal ?? code}): ${errorText.trim()}`));
      child.once('exit', ended);
      child.once('message', (answer: Answer) => {
        child.off('exit', ended);
        if (answer.kind === 'failed') reject(new CliError(answer.reason));
        else resolve(answer);
      });
      child.send(request);
    });
  const run = async (withOutputs: boolean) => {
    const answer = await ask({ kind: 'run', withOutputs });
    if (answer.kind !== 'ran') throw new CliError(`the process of ${peer} answered ${answer.kind}`);
    return answer;
  };
  try {
    const opened = await ask({ kind: 'open', peer, model, feeds });
    if (opened.kind !== 'opened') throw new CliError(`the process of ${peer} answered ${opened.kind}`);
    const { ms, outputs = {} } = await run(true);
    const { version, sessionMs } = opened;
    return { version, sessionMs, firstRunMs: ms, outputs, run: async () => (await run(false)).ms, close };
  } catch (error) {
    close();
    throw error;
  }
}
