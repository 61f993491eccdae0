import cluster, { type Worker } from 'node:cluster';
import { AggregatorRegistry, type Registry } from 'prom-client';
import type { Peers } from './server.js';

/** What a worker asks of the first process, and what that asks of the other workers. */
type Message =
  | { readonly tessera: 'metrics'; readonly id: number }
  | { readonly tessera: 'forward'; readonly id: number; readonly action: 'load' | 'unload'; readonly name: string }
  | { readonly tessera: 'apply'; readonly id: number; readonly action: 'load' | 'unload'; readonly name: string }
  | { readonly tessera: 'answer'; readonly id: number; readonly text?: string; readonly error?: string };

type Answer = Extract<Message, { readonly tessera: 'answer' }>;

function isMessage(value: unknown): value is Message {
  return typeof value === 'object' && value !== null && 'tessera' in value;
}

/** Sends requests to another process and matches the answers. */
class Correspondence {
  #next = 0;
  readonly #pending = new Map<number, (answer: Answer) => void>();

  ask(target: { send?(message: unknown): unknown }, message: Record<string, unknown>): Promise<string> {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, ({ text = '', error }) => (error === undefined ? resolve(text) : reject(new Error(error))));
      target.send?.({ ...message, id });
    });
  }

  take(answer: Answer): void {
    this.#pending.get(answer.id)?.(answer);
    this.#pending.delete(answer.id);
  }
}

async function reply(target: { send?(message: unknown): unknown }, id: number, work: () => Promise<string | void>) {
  let answer: Answer;
  try {
    answer = { tessera: 'answer', id, text: (await work()) ?? '' };
  } catch (error) {
    answer = { tessera: 'answer', id, error: error instanceof Error ? error.message : String(error) };
  }
  target.send?.(answer);
}

/** Lets the first process add up this worker's metrics with the others'. */
export function shareMetrics(register: Registry): void {
  new AggregatorRegistry();
  AggregatorRegistry.setRegistries([register]);
}

/** A worker's side: asks the first process for what all processes share, and does what others are asked. */
export function workerPeers(apply: (action: 'load' | 'unload', name: string) => Promise<void>): Peers {
  const correspondence = new Correspondence();
  process.on('message', (message) => {
    if (!isMessage(message)) return;
    if (message.tessera === 'answer') correspondence.take(message);
    else if (message.tessera === 'apply') void reply(process, message.id, () => apply(message.action, message.name));
  });
  return {
    metrics: () => correspondence.ask(process, { tessera: 'metrics' }),
    forward: async (action, name) => void (await correspondence.ask(process, { tessera: 'forward', action, name })),
  };
}

/**
 * The first process's side: starts workers, one more for each that dies, and passes on what they ask of each other.
 * Resolves when all have ended after `stop` was called: with true where each ended by itself.
 */
export function superviseWorkers(count: number, onDeath: (code: number | null, signal: string | null) => void) {
  const aggregator = new AggregatorRegistry();
  const correspondence = new Correspondence();
  let stopping = false;
  let clean = true;
  let deaths = 0;
  const others = (worker: Worker) =>
    Object.values(cluster.workers ?? {}).filter((other) => other && other !== worker) as Worker[];
  const start = () => {
    const worker = cluster.fork();
    worker.on('message', (message: unknown) => {
      if (!isMessage(message)) return;
      if (message.tessera === 'answer') correspondence.take(message);
      if (message.tessera === 'metrics') void reply(worker, message.id, () => aggregator.clusterMetrics());
      if (message.tessera !== 'forward') return;
      const { action, name } = message;
      const asked = others(worker).map((other) => correspondence.ask(other, { tessera: 'apply', action, name }));
      void reply(worker, message.id, async () => void (await Promise.all(asked)));
    });
  };
  for (let i = 0; i < count; i++) start();
  const ended = new Promise<boolean>((resolve) => {
    cluster.on('exit', (_worker, code, signal) => {
      if (code !== 0) clean = false;
      if (stopping) {
        if (Object.keys(cluster.workers ?? {}).length === 0) resolve(clean);
        return;
      }
      onDeath(code, signal);
      // Workers that die as soon as they start are not started without end.
      setTimeout(start, Math.min(30_000, 100 * 2 ** deaths++));
    });
  });
  const stop = () => {
    stopping = true;
    for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill('SIGTERM');
  };
  return { stop, ended };
}
