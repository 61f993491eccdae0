import cluster, { type Worker } from 'node:cluster';
import { AggregatorRegistry } from 'prom-client';
import { RequestError } from './errors.js';
import type { Peers } from './server.js';

/** What a worker asks of the first process, and what that asks of the other workers. */
type Message =
  | { readonly tessera: 'serving' }
  | { readonly tessera: 'metrics' | 'report'; readonly id: number }
  | { readonly tessera: 'forward'; readonly id: number; readonly action: 'load' | 'unload'; readonly name: string }
  | { readonly tessera: 'apply'; readonly id: number; readonly action: 'load' | 'unload'; readonly name: string }
  | { readonly tessera: 'answer'; readonly id: number; readonly text?: string; readonly error?: string };

type Answer = Extract<Message, { readonly tessera: 'answer' }>;

function isMessage(value: unknown): value is Message {
  return typeof value === 'object' && value !== null && 'tessera' in value;
}

interface Target {
  send?(message: unknown): unknown;
}

/** Sends requests to other processes and matches the answers. */
class Correspondence {
  #next = 0;
  readonly #pending = new Map<number, { readonly target: Target; readonly settle: (answer: Answer) => void }>();

  ask(target: Target, message: Record<string, unknown>): Promise<string> {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      const settle = ({ text = '', error }: Answer) =>
        error === undefined ? resolve(text) : reject(new RequestError('unavailable', error));
      this.#pending.set(id, { target, settle });
      target.send?.({ ...message, id });
    });
  }

  take(answer: Answer): void {
    this.#pending.get(answer.id)?.settle(answer);
    this.#pending.delete(answer.id);
  }

  /** Counts what a process that has ended was asked as done: the one that follows it starts from the repository. */
  forget(ended: Target): void {
    for (const [id, { target }] of this.#pending) if (target === ended) this.take({ tessera: 'answer', id });
  }
}

async function reply(target: Target, id: number, work: () => Promise<string | void>) {
  let answer: Answer;
  try {
    answer = { tessera: 'answer', id, text: (await work()) ?? '' };
  } catch (error) {
    answer = { tessera: 'answer', id, error: error instanceof Error ? error.message : String(error) };
  }
  target.send?.(answer);
}

/** What the first process asks of a worker. */
export interface WorkerDuties {
  /** Does what another worker was asked for. */
  apply(action: 'load' | 'unload', name: string): Promise<void>;
  /** Its own metrics, as prom-client's JSON. */
  metrics(): Promise<object>;
}

/** A worker's side: asks the first process for what all processes share, and does what others are asked. */
export function workerPeers({ apply, metrics }: WorkerDuties): Peers {
  const correspondence = new Correspondence();
  process.on('message', (message) => {
    if (!isMessage(message)) return;
    if (message.tessera === 'answer') correspondence.take(message);
    else if (message.tessera === 'report') void reply(process, message.id, async () => JSON.stringify(await metrics()));
    else if (message.tessera === 'apply') void reply(process, message.id, () => apply(message.action, message.name));
  });
  return {
    listensLate: true,
    metrics: () => correspondence.ask(process, { tessera: 'metrics' }),
    forward: async (action, name) => void (await correspondence.ask(process, { tessera: 'forward', action, name })),
  };
}

/** Tells the first process that this worker has loaded its models. */
export function announceServing(): void {
  process.send?.({ tessera: 'serving' } satisfies Message);
}

/** Names a worker's place among the workers, from 0, which one that takes it over keeps. */
const placeVariable = 'TESSERA_WORKER';

/** The place of this worker. */
export function workerPlace(): number {
  return Number(process.env[placeVariable]);
}

/** A worker that has lived this long did not die of its start. */
const settledMs = 60_000;
const firstPauseMs = 100;
const longestPauseMs = 30_000;

/**
 * The first process's side: starts workers, one more for each that dies, and passes on what they ask of each other.
 * Where one ends by itself before any has served, all are stopped: what it could not do, the next could not either.
 * Resolves when all have ended: with true where each ended by itself after `stop` was called.
 */
export function superviseWorkers(count: number, onDeath: (code: number | null, signal: string | null) => void) {
  const correspondence = new Correspondence();
  const serving = new Set<Worker>();
  const unloaded = new Set<string>();
  let served = false;
  let stopping = false;
  let clean = true;
  let deaths = 0;
  const running = () => Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
  const apply = (worker: Worker, action: 'load' | 'unload', name: string) =>
    correspondence.ask(worker, { tessera: 'apply', action, name });
  const addUp = async () => {
    const texts = await Promise.all([...serving].map((worker) => correspondence.ask(worker, { tessera: 'report' })));
    return AggregatorRegistry.aggregate(texts.filter(Boolean).map((text) => JSON.parse(text) as object[])).metrics();
  };
  const stop = () => {
    stopping = true;
    for (const worker of running()) worker.process.kill('SIGTERM');
  };
  const hear = (worker: Worker, message: Message) => {
    if (message.tessera === 'answer') correspondence.take(message);
    if (message.tessera === 'metrics') void reply(worker, message.id, addUp);
    if (message.tessera === 'serving') {
      serving.add(worker);
      served = true;
      // It has loaded what the repository has; what was unloaded since is to be so there too.
      for (const name of unloaded) void apply(worker, 'unload', name).catch(() => {});
    }
    if (message.tessera !== 'forward') return;
    const { action, name } = message;
    if (action === 'unload') unloaded.add(name);
    else unloaded.delete(name);
    const asked = [...serving].filter((other) => other !== worker);
    const all = Promise.all(asked.map((other) => apply(other, action, name)));
    void reply(worker, message.id, async () => void (await all));
  };
  const ended = new Promise<boolean>((resolve) => {
    const start = (place: number) => {
      const startedAt = performance.now();
      const worker = cluster.fork({ [placeVariable]: String(place) });
      worker.on('message', (message: unknown) => isMessage(message) && hear(worker, message));
      worker.on('exit', (code: number | null, signal: string | null) => {
        serving.delete(worker);
        correspondence.forget(worker);
        if (code !== 0) clean = false;
        if (!stopping && !served && signal === null) stop();
        if (stopping) {
          if (running().length === 0) resolve(clean);
          return;
        }
        onDeath(code, signal);
        if (performance.now() - startedAt > settledMs) deaths = 0;
        setTimeout(() => !stopping && start(place), Math.min(longestPauseMs, firstPauseMs * 2 ** deaths++));
      });
    };
    for (let place = 0; place < count; place++) start(place);
  });
  return { stop, ended };
}
