import { createSessionPool, type BatchReport, type Device, type PoolOptions, type SessionPool } from '@tessera/runtime';
import { asRequestError, RequestError, withoutPaths } from '../errors.js';
import { byVersion, requireName, type ModelFile, type Repository } from './repository.js';

/** States of Triton's model repository extension. */
export type ModelState = 'READY' | 'LOADING' | 'UNLOADING' | 'UNAVAILABLE';

/** A version of a model as the repository's index shows it. */
export interface IndexEntry {
  readonly name: string;
  readonly version: string;
  readonly state: ModelState;
  /** Why it is not ready; '' where it is. */
  readonly reason: string;
}

/** A version of a model that answers requests. */
export interface LoadedModel {
  readonly name: string;
  readonly version: string;
  readonly pool: SessionPool;
}

interface Entry {
  readonly file: ModelFile;
  state: ModelState;
  reason: string;
  pool?: SessionPool;
}

export interface RegistryOptions {
  readonly devices: readonly Device[];
  readonly pool: Omit<PoolOptions, 'devices' | 'adapters' | 'onBatch' | 'onProgress'>;
  onBatch(model: { readonly name: string; readonly version: string }, report: BatchReport): void;
}

/** The models of a repository that are loaded, or were to be. Loads and unloads are done one after another. */
export class ModelRegistry {
  readonly #entries = new Map<string, Entry>();
  #turn: Promise<unknown> = Promise.resolve();
  #loadedAll = false;
  #closed = false;

  constructor(
    readonly repository: Repository,
    readonly options: RegistryOptions,
  ) {}

  /** Loads every model there is; the failures, by name and version. */
  async loadAll(): Promise<{ readonly file: ModelFile; readonly error: unknown }[]> {
    const failures: { file: ModelFile; error: unknown }[] = [];
    for (const file of this.repository.list()) {
      await this.#inTurn(() => this.#loadFile(file)).catch((error: unknown) => failures.push({ file, error }));
    }
    this.#loadedAll = true;
    return failures;
  }

  /** Whether all models that are to be loaded are, and can run; never before `loadAll` is done. */
  get isReady(): boolean {
    if (!this.#loadedAll) return false;
    const entries = [...this.#entries.values()];
    return entries.every(({ state, pool }) => state !== 'LOADING' && (!pool || pool.health === 'ready'));
  }

  /**
   * The model of a name; the newest loaded version where none is named.
   * @throws RequestError 'notFound' where there is none, 'unavailable' where it is not loaded.
   */
  get(name: string, version?: string): LoadedModel {
    requireName(name);
    const versions = this.versions(name);
    const entry = version
      ? versions.find(({ file }) => file.version === version)
      : (versions.findLast(({ pool }) => pool) ?? versions.at(-1));
    if (!entry && !this.#loadedAll && this.repository.find(name).length > 0)
      throw new RequestError('unavailable', 'the model is not ready: it is still to be loaded');
    if (!entry)
      throw new RequestError('notFound', version ? 'the model has no such version' : 'there is no model of this name');
    if (!entry.pool || entry.state !== 'READY')
      throw new RequestError('unavailable', `the model is not ready: ${entry.reason || entry.state.toLowerCase()}`);
    return { name, version: entry.file.version, pool: entry.pool };
  }

  /** Versions of a model that were ever to be loaded, oldest first. */
  versions(name: string): Entry[] {
    const entries = [...this.#entries.values()].filter(({ file }) => file.name === name);
    return entries.sort((a, b) => byVersion(a.file, b.file));
  }

  /** All models that are ready. */
  loaded(): LoadedModel[] {
    return [...this.#entries.values()].flatMap(({ file, state, pool }) =>
      pool && state === 'READY' ? [{ name: file.name, version: file.version, pool }] : [],
    );
  }

  /** What is in the repository, and what is loaded of it. */
  index(): IndexEntry[] {
    const known = [...this.#entries.values()].map(({ file, state, reason }) => ({
      name: file.name,
      version: file.version,
      state,
      reason,
    }));
    const isKnown = (file: ModelFile) => this.#entries.has(keyOf(file));
    const others = this.repository.list().filter((file) => !isKnown(file));
    return [...known, ...others.map(({ name, version }) => unloaded(name, version))];
  }

  /**
   * Loads all versions of a model from the repository, again where they are loaded.
   * @throws RequestError 'notFound' where there is none, 'invalid' with the reason where one cannot be loaded.
   */
  async load(name: string): Promise<void> {
    requireName(name);
    const files = this.repository.find(name);
    if (files.length === 0) throw new RequestError('notFound', 'there is no model of this name');
    for (const file of files) {
      await this.#inTurn(() => this.#loadFile(file)).catch((error: unknown) => {
        const { message } = asRequestError(error);
        throw new RequestError('invalid', `version ${file.version} of the model cannot be loaded: ${message}`);
      });
    }
  }

  /** Unloads all versions of a model when their requests are answered. Throws 'notFound' where none is loaded. */
  async unload(name: string): Promise<void> {
    requireName(name);
    const loaded = this.versions(name).filter(({ pool }) => pool);
    if (loaded.length === 0) throw new RequestError('notFound', 'no model of this name is loaded');
    await this.#inTurn(async () => {
      for (const entry of loaded) await this.#unloadEntry(entry);
    });
  }

  async #loadFile(file: ModelFile): Promise<void> {
    const previous = this.#entries.get(keyOf(file));
    const entry: Entry = { file, state: 'LOADING', reason: '' };
    if (!previous?.pool) this.#entries.set(keyOf(file), entry);
    try {
      if (this.#closed) throw new RequestError('unavailable', 'the server is stopping');
      entry.pool = await createSessionPool(file.path, {
        ...this.options.pool,
        devices: this.options.devices,
        onBatch: (report) => this.options.onBatch(file, report),
      });
    } catch (error) {
      if (!previous?.pool)
        Object.assign(entry, { state: 'UNAVAILABLE', reason: withoutPaths((error as Error).message) });
      throw error;
    }
    entry.state = 'READY';
    this.#entries.set(keyOf(file), entry);
    await previous?.pool?.[Symbol.asyncDispose]();
  }

  async #unloadEntry(entry: Entry): Promise<void> {
    entry.state = 'UNLOADING';
    await entry.pool?.[Symbol.asyncDispose]();
    entry.pool = undefined;
    Object.assign(entry, { state: 'UNAVAILABLE', reason: 'unloaded' });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => {});
    return turn;
  }

  /** Ends all models when their requests are answered. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#turn;
    await Promise.all([...this.#entries.values()].map(({ pool }) => pool?.[Symbol.asyncDispose]()));
    this.#entries.clear();
  }
}

function keyOf({ name, version }: ModelFile): string {
  return `${name}/${version}`;
}

function unloaded(name: string, version: string): IndexEntry {
  return { name, version, state: 'UNAVAILABLE', reason: 'not loaded' };
}
