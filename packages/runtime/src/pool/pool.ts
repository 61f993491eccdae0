import type { Session } from '../api.js';
import { TesseraError } from '../errors.js';
import { abortable } from '../abortable.js';
import { requireCount } from '../count.js';
import { asGpuDevice } from '../device/device.js';
import { GpuTensor } from '../device/gpu-tensor.js';
import type { Tensor } from '../tensor.js';
import { batchDimension, batchKey, batchSizes, joinFeeds, rowsOf, sliceRows, zeros, type Tensors } from './batch.js';
import { rowsAreIndependent } from './independence.js';
import { RequestQueue, requestKey, type Batch, type Request } from './queue.js';
import type { BatchReport, PoolFeeds, PoolOptions, PoolRunOptions, SessionPool } from './types.js';

const defaultMaxDelayMs = 2;
const defaultMaxQueue = 1024;
const defaultConcurrency = 2;

/** Shapes of rows of which it is remembered whether they are independent. */
const maxShapes = 64;

/** How often a device that was lost again and again is tried anew, in milliseconds. */
const probeMs = 1000;

interface Worker {
  readonly session: Session;
  running: number;
  /** Out of turn until its device is in order again. */
  resting: boolean;
}

/** Checks the numbers of the options. Throws INVALID_INPUT naming the first that is none. */
function requireOptions({ batching, maxQueue, concurrency }: PoolOptions): void {
  const whole = { 'batching.maxSize': batching?.maxSize, maxQueue, concurrency };
  for (const [name, value] of Object.entries(whole)) requireCount(name, value);
  const delay = batching?.maxDelayMs;
  if (delay !== undefined && !(delay >= 0))
    throw new TesseraError('INVALID_INPUT', `batching.maxDelayMs is a number of milliseconds from 0, not ${delay}`);
}

/** A pool over open sessions of one model; `release` is called once it is disposed of. */
export class Pool implements SessionPool {
  readonly #workers: readonly Worker[];
  readonly #queue: RequestQueue;
  readonly #concurrency: number;
  readonly #maxRows: number;
  readonly #reason: string | undefined;
  /** By shape of a row, those used last at the end: what is known of rows like these. */
  readonly #shapes = new Map<string, 'seen' | 'on trial' | 'independent' | 'mixing'>();
  #drained: (() => void)[] = [];
  #timer: NodeJS.Timeout | number | undefined;
  #probing: ReturnType<typeof setInterval> | undefined;
  #disposed = false;

  constructor(
    readonly sessions: readonly Session[],
    readonly options: PoolOptions,
    readonly release: () => void,
  ) {
    requireOptions(options);
    const { batching, maxQueue = defaultMaxQueue, concurrency = defaultConcurrency } = options;
    this.#workers = sessions.map((session) => ({ session, running: 0, resting: false }));
    this.#concurrency = concurrency;
    const dimension = batchDimension(this.inputs, this.outputs);
    this.#reason = batching ? ('reason' in dimension ? dimension.reason : undefined) : 'it was not asked for';
    this.#maxRows = this.#reason === undefined ? batching!.maxSize : 1;
    const maxDelayMs = batching?.maxDelayMs ?? defaultMaxDelayMs;
    this.#queue = new RequestQueue({ maxLength: maxQueue, sizes: batchSizes(this.#maxRows), maxDelayMs });
  }

  get inputs() {
    return this.sessions[0].inputs;
  }

  get outputs() {
    return this.sessions[0].outputs;
  }

  get metadata() {
    return this.sessions[0].metadata;
  }

  get report() {
    return this.sessions[0].report;
  }

  get batching(): SessionPool['batching'] {
    if (this.#reason !== undefined) return { enabled: false, reason: this.#reason };
    const known = [...this.#shapes.values()];
    const mixes = known.includes('mixing') && !known.includes('independent');
    return mixes ? { enabled: false, reason: 'the rows of a batch influence each other' } : { enabled: true };
  }

  get load(): SessionPool['load'] {
    return { waiting: this.#queue.length, running: this.#workers.reduce((sum, worker) => sum + worker.running, 0) };
  }

  get health(): SessionPool['health'] {
    return this.sessions.some(({ device }) => device.health !== 'unhealthy') ? 'ready' : 'unhealthy';
  }

  /** Finds out whether rows like these are independent, and makes the programs of every size of batches. */
  async prepare(like: Tensors): Promise<void> {
    if (this.#maxRows <= 1 || !(await this.#tryRows(batchKey(like), like))) return;
    for (const session of this.sessions) {
      for (const size of batchSizes(this.#maxRows)) await session.prepare(session.check(joinFeeds([like], size)).dims);
    }
  }

  /** Whether rows of this shape are independent. Throws where it could not be found out this time. */
  async #tryRows(shape: string, like: Tensors): Promise<boolean> {
    this.#shapes.set(shape, 'on trial');
    try {
      const independent = await rowsAreIndependent(this.sessions[0], like);
      this.#shapes.set(shape, independent ? 'independent' : 'mixing');
      return independent;
    } catch (error) {
      if (error instanceof TesseraError && error.retryable) {
        this.#shapes.delete(shape);
        throw error;
      }
      this.#shapes.set(shape, 'mixing');
      return false;
    }
  }

  async run(feeds: PoolFeeds, options: PoolRunOptions = {}): Promise<Record<string, Tensor>> {
    if (this.#disposed) throw new TesseraError('DISPOSED', 'the session pool was disposed');
    const { signal } = options;
    signal?.throwIfAborted();
    const checked = this.sessions[0].check(feeds, options).feeds as Tensors;
    const gpu = Object.entries(checked).find(([, feed]) => (feed as unknown) instanceof GpuTensor);
    if (gpu)
      throw new TesseraError('INVALID_INPUT', `input "${gpu[0]}" is on a GPU; a pool takes tensors in host memory`);
    let request!: Request;
    const result = new Promise<Record<string, Tensor>>((resolve, reject) => {
      request = {
        feeds: checked,
        key: this.#keyOf(checked, options.outputs),
        rows: this.#maxRows > 1 ? rowsOf(checked) : 1,
        since: performance.now(),
        outputs: options.outputs,
        resolve,
        reject,
      };
    });
    this.#queue.push(request);
    this.#pump();
    const leave = () => this.#queue.remove(request) && this.#settle();
    signal?.addEventListener('abort', leave, { once: true });
    try {
      return await abortable(result, signal);
    } finally {
      signal?.removeEventListener('abort', leave);
    }
  }

  #keyOf(feeds: Tensors, outputs: readonly string[] | undefined): string | undefined {
    const key = requestKey(feeds, outputs, this.#maxRows);
    if (key === undefined) return undefined;
    const shape = batchKey(feeds);
    const known = this.#shapes.get(shape);
    this.#shapes.delete(shape);
    this.#shapes.set(shape, known ?? 'seen');
    if (this.#shapes.size > maxShapes) this.#shapes.delete(this.#shapes.keys().next().value!);
    // A shape that comes once, such as a picture's own size, is worth no trial.
    if (known === 'seen') void this.#tryRows(shape, feeds).catch(() => {});
    return known === 'independent' ? key : undefined;
  }

  /** Gives batches to devices as long as there are both. */
  #pump(): void {
    clearTimeout(this.#timer);
    for (;;) {
      const worker = this.#freeWorker();
      const delay = this.#queue.delay(performance.now());
      if (!worker || delay === undefined) return;
      if (delay > 0) {
        this.#timer = setTimeout(() => this.#pump(), delay);
        return;
      }
      void this.#execute(worker, this.#queue.take());
    }
  }

  #freeWorker(): Worker | undefined {
    const awake = this.#workers.filter(({ resting }) => !resting);
    // Where no device is in order, requests are refused by one rather than kept waiting.
    const candidates = (awake.length > 0 ? awake : this.#workers).filter(({ running }) => running < this.#concurrency);
    return candidates.sort((a, b) => a.running - b.running)[0];
  }

  async #execute(worker: Worker, { requests, size }: Batch): Promise<void> {
    worker.running += 1;
    const started = performance.now();
    let gpuMs: number | undefined;
    let error: unknown;
    try {
      const feeds =
        requests[0].key === undefined
          ? requests[0].feeds
          : joinFeeds(
              requests.map((r) => r.feeds),
              size,
              (name, dataType, dims) =>
                dataType === 'string' ? zeros(dataType, dims) : worker.session.stageInput(name, dims),
            );
      const { outputs } = requests[0];
      const onTiming = this.options.onBatch && ((timing: { gpuMs?: number }) => (gpuMs = timing.gpuMs));
      const results = await worker.session.run(feeds, { outputs, onTiming });
      this.#answer(requests, size, results);
    } catch (caught) {
      error = caught;
      await this.#fail(worker, requests, caught);
    }
    const rows = requests.reduce((sum, request) => sum + request.rows, 0);
    const queueMs = requests.map(({ since }) => started - since);
    const runMs = performance.now() - started;
    this.#report({ requests: requests.length, rows, size, queueMs, runMs, gpuMs, error });
    worker.running -= 1;
    this.#pump();
    this.#settle();
  }

  #answer(requests: readonly Request[], size: number, results: Tensors): void {
    let first = 0;
    for (const request of requests) {
      const isWhole = request.key === undefined || request.rows === size;
      request.resolve(isWhole ? { ...results } : sliceRows(results, first, request.rows));
      first += request.rows;
    }
  }

  /** A lost device fails them all; anything else may be one request's fault, and each is run alone. */
  async #fail(worker: Worker, requests: readonly Request[], error: unknown): Promise<void> {
    const retryable = error instanceof TesseraError && error.retryable;
    if (retryable || requests.length === 1 || this.#disposed) {
      if (worker.session.device.health === 'unhealthy') this.#rest(worker);
      for (const request of requests) request.reject(error);
      return;
    }
    for (const request of requests) {
      await worker.session.run(request.feeds, { outputs: request.outputs }).then(request.resolve, request.reject);
    }
  }

  /** Takes a device out of turn, and tries from time to time whether it is in order again. */
  #rest(worker: Worker): void {
    worker.resting = true;
    this.#probing ??= setInterval(() => void this.#probe(), probeMs);
  }

  async #probe(): Promise<void> {
    for (const worker of this.#workers.filter(({ resting }) => resting)) {
      await asGpuDevice(worker.session.device)
        .ready()
        .catch(() => {});
      worker.resting = worker.session.device.health !== 'ready';
    }
    if (this.#disposed || this.#workers.every(({ resting }) => !resting)) {
      clearInterval(this.#probing);
      this.#probing = undefined;
    }
    this.#pump();
  }

  #report(report: BatchReport): void {
    this.options.onBatch?.(report);
  }

  #settle(): void {
    const { waiting, running } = this.load;
    if (waiting + running > 0) return;
    for (const resolve of this.#drained.splice(0)) resolve();
  }

  async drain(): Promise<void> {
    const { waiting, running } = this.load;
    if (waiting + running > 0) await new Promise<void>((resolve) => this.#drained.push(resolve));
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    clearTimeout(this.#timer);
    clearInterval(this.#probing);
    const error = new TesseraError('DISPOSED', 'the session pool was disposed');
    for (const request of this.#queue.clear()) request.reject(error);
    for (const session of this.sessions) session.dispose();
    this.release();
    this.#settle();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain();
    this.dispose();
  }
}
