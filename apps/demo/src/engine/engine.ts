import {
  acquireDevice,
  createSession,
  measureCeilings,
  TesseraError,
  type AdapterReport,
  type Ceilings,
  type Device,
  type LayerExplanation,
  type Profile,
  type Session,
  type SessionReport,
} from '@tessera/runtime/browser';
import { download } from './download.js';
import type {
  AlgorithmTime,
  Forced,
  LoadedModel,
  LoadOptions,
  LoadProgress,
  ModelSource,
  RunResult,
  Tensors,
} from './messages.js';
import { recallForced, recallTuning, rememberForced, rememberTuning } from './remembered.js';

interface Model {
  readonly source: Extract<ModelSource, { bytes: Uint8Array }>;
  readonly options: LoadOptions & { readonly forced?: Forced };
  readonly session: Session;
}

/**
 * Models by the name of the place that uses them, on one device. Lives in a worker. Where the device is lost, the next
 * request takes a new one and loads what it needs again, from the bytes it kept.
 */
export class Engine {
  #device: Promise<Device> | undefined;
  readonly #models = new Map<string, Model>();
  readonly #loading = new Map<string, AbortController>();
  #ceilings: Promise<Ceilings> | undefined;

  async adapter(): Promise<AdapterReport> {
    return (await this.#acquire()).adapter;
  }

  /** Loads a model into a place, in place of the one before. Rejects with an AbortError when cancelled. */
  async load(
    place: string,
    source: ModelSource,
    options: LoadOptions,
    onProgress: (progress: LoadProgress) => void,
  ): Promise<LoadedModel> {
    this.cancel(place);
    const controller = new AbortController();
    this.#loading.set(place, controller);
    try {
      const { signal } = controller;
      const bytes = 'url' in source ? await fetchModel(source.url, signal, onProgress) : source.bytes;
      const kept = { bytes, externalData: 'url' in source ? undefined : source.externalData };
      const forced = await recallForced(await this.adapter(), bytes);
      const session = await this.#open(kept, { ...options, forced }, signal, onProgress);
      if (signal.aborted) {
        session.dispose();
        signal.throwIfAborted();
      }
      this.#models.get(place)?.session.dispose();
      this.#models.set(place, { source: kept, options: { ...options, forced }, session });
      return { inputs: session.inputs, outputs: session.outputs, report: session.report };
    } finally {
      if (this.#loading.get(place) === controller) this.#loading.delete(place);
    }
  }

  /** Ends the load that a place waits for, if there is one. */
  cancel(place: string): void {
    this.#loading.get(place)?.abort();
  }

  async run(place: string, feeds: Tensors): Promise<RunResult> {
    return this.#retried(place, async (session) => {
      const started = performance.now();
      const outputs = await session.run(feeds);
      return { outputs, ms: performance.now() - started };
    });
  }

  async profile(place: string, feeds: Tensors, runs: number): Promise<Profile> {
    return this.#retried(place, (session) => session.profile(feeds, { runs }));
  }

  /** Why each layer is computed as it is, for the sizes of the last run. */
  async explain(place: string): Promise<readonly LayerExplanation[]> {
    return (await this.#session(place)).explain();
  }

  /** Opens the place's model again with these algorithms at these nodes, and remembers them for this adapter. */
  async force(place: string, forced: Forced): Promise<void> {
    const { session, source, options } = this.#model(place);
    const next = { ...options, forced };
    const opened = await this.#open(source, next, undefined, () => {});
    session.dispose();
    this.#models.set(place, { source, options: next, session: opened });
    await rememberForced(await this.adapter(), source.bytes, forced);
  }

  /** Times the kernels of the place's model for at most `seconds`, uses the fastest, and remembers the times. */
  async tune(
    place: string,
    feeds: Tensors,
    seconds: number,
    onProgress: (done: number, total: number) => void,
  ): Promise<void> {
    const session = await this.#session(place);
    const tuning = await session.tune({
      dims: session.check(feeds).dims,
      budgetMs: seconds * 1000,
      onProgress: ({ done, total }) => onProgress(done, total),
    });
    await rememberTuning(await this.adapter(), tuning);
  }

  /** GPU milliseconds of one node by every algorithm that takes it, each in a session of its own. */
  async compareAlgorithms(
    place: string,
    feeds: Tensors,
    node: string,
    onProgress: (algorithm: string, done: number, total: number) => void,
  ): Promise<readonly AlgorithmTime[]> {
    const { source, options } = this.#model(place);
    const names = algorithmsOf(await this.explain(place), node);
    const times: AlgorithmTime[] = [];
    for (const [i, algorithm] of names.entries()) {
      onProgress(algorithm, i, names.length);
      const forced = { ...options.forced, [node]: algorithm };
      const session = await this.#open(source, { ...options, forced }, undefined, () => {});
      try {
        const { layers } = await session.profile(feeds, { runs: 3 });
        times.push({ algorithm, ms: layers.find(({ name }) => name === node)?.ms ?? 0 });
      } finally {
        session.dispose();
      }
    }
    return times;
  }

  async report(place: string): Promise<SessionReport> {
    return (await this.#session(place)).report;
  }

  /** The device's ceilings, measured at the first call. */
  async ceilings(): Promise<Ceilings> {
    return (this.#ceilings ??= measureCeilings(await this.#acquire()));
  }

  async #retried<T>(place: string, work: (session: Session) => Promise<T>): Promise<T> {
    try {
      return await work(await this.#session(place));
    } catch (error) {
      if (!isLost(error)) throw error;
      this.#forgetDevice();
      return work(await this.#session(place));
    }
  }

  #model(place: string): Model {
    const model = this.#models.get(place);
    if (!model) throw new Error(`no model is loaded for ${place}`);
    return model;
  }

  async #session(place: string): Promise<Session> {
    const model = this.#model(place);
    if (this.#device) return model.session;
    const session = await this.#open(model.source, model.options, undefined, () => {});
    this.#models.set(place, { ...model, session });
    return session;
  }

  #forgetDevice(): void {
    this.#device?.then((device) => device.dispose()).catch(() => {});
    this.#device = undefined;
    this.#ceilings = undefined;
  }

  #acquire(): Promise<Device> {
    const acquired = (this.#device ??= acquireDevice());
    acquired.catch(() => {
      if (this.#device === acquired) this.#device = undefined;
    });
    return acquired;
  }

  async #open(
    { bytes, externalData }: Model['source'],
    { dims, forced }: Model['options'],
    signal: AbortSignal | undefined,
    onProgress: (progress: LoadProgress) => void,
  ): Promise<Session> {
    const open = async () =>
      createSession(bytes, {
        device: await this.#acquire(),
        externalData,
        dims,
        tuning: await recallTuning(await this.adapter()),
        algorithms: forced && { nodes: forced },
        signal,
        onProgress,
      });
    try {
      return await open();
    } catch (error) {
      if (!isLost(error)) throw error;
      this.#forgetDevice();
      return open();
    }
  }
}

/** The names of the algorithms that take a node, the likeliest first. */
function algorithmsOf(explanations: readonly LayerExplanation[], node: string): string[] {
  const candidates = explanations.find(({ name }) => name === node)?.candidates ?? [];
  return [...new Set(candidates.filter(({ refusal }) => refusal === undefined).map(({ algorithm }) => algorithm))];
}

function isLost(error: unknown): boolean {
  return error instanceof TesseraError && error.code === 'DEVICE_LOST';
}

function fetchModel(
  url: string,
  signal: AbortSignal,
  onProgress: (progress: LoadProgress) => void,
): Promise<Uint8Array> {
  return download(url, signal, (done, total) => onProgress({ phase: 'download', done, total }));
}
