import type { AdapterChoice, Device, RunOptions, Session, SessionOptions } from '../api.js';
import type { Tensor, TensorArray } from '../tensor.js';

/** How a pool joins requests to batches. */
export interface BatchingOptions {
  /** Rows of the largest batch. */
  readonly maxSize: number;
  /** How long a request may wait for others, in milliseconds; 2 without it. None waits once a batch is full. */
  readonly maxDelayMs?: number;
}

/** What became of one batch. */
export interface BatchReport {
  readonly requests: number;
  /** Rows of the requests, and of the batch with the zeros it was filled up with. */
  readonly rows: number;
  readonly size: number;
  /** Milliseconds each request waited for its turn. */
  readonly queueMs: readonly number[];
  /** Milliseconds from then to the results. */
  readonly runMs: number;
  /** Of these, on the GPU; undefined where the adapter has no timestamps. */
  readonly gpuMs?: number;
  /** Undefined where it succeeded. */
  readonly error?: unknown;
}

/** How to open a pool. */
export interface PoolOptions extends Omit<SessionOptions, 'device'> {
  /** Devices to open a session on each; they stay the caller's. */
  readonly devices?: readonly Device[];
  /** Adapters to acquire a device of the pool's own on each, where no devices are given; the same may be named again. */
  readonly adapters?: readonly AdapterChoice[];
  /** Joins requests along the batch dimension, where the model has one; without it each runs alone. */
  readonly batching?: BatchingOptions;
  /** Requests that may wait; more are refused with OVERLOADED. 1,024 without it. */
  readonly maxQueue?: number;
  /** Runs under way at a time on each device; 2 without it, so that one is prepared while the other computes. */
  readonly concurrency?: number;
  /** Called after each batch, for metrics. */
  readonly onBatch?: (report: BatchReport) => void;
}

/** Inputs of a request: tensors in host memory, or their elements alone. */
export type PoolFeeds = Readonly<Record<string, Tensor | TensorArray>>;

/**
 * Sessions of one model on one or several devices behind one bounded queue. Requests are served in the order they come;
 * those that come together share a run where the model allows it.
 *
 * @example
 * await using pool = await createSessionPool('model.onnx', { adapters: ['gpu'], batching: { maxSize: 16 } });
 * const results = await Promise.all(images.map((image) => pool.run({ image })));
 */
export interface SessionPool extends Pick<Session, 'inputs' | 'outputs' | 'metadata' | 'report'> {
  /** Whether requests are joined, or why not. */
  readonly batching: { readonly enabled: boolean; readonly reason?: string };
  /** Requests that wait, and runs under way. */
  readonly load: { readonly waiting: number; readonly running: number };
  /** 'unhealthy' where no device is in order: each was lost again and again, and is tried anew from time to time. */
  readonly health: 'ready' | 'unhealthy';
  /** One for each device. */
  readonly sessions: readonly Session[];
  /**
   * Runs the model on one request, as `Session.run` does, in its turn.
   * @throws TesseraError INVALID_INPUT at once for feeds that do not fit; OVERLOADED where too many wait; else as `Session.run`.
   */
  run(feeds: PoolFeeds, options?: PoolRunOptions): Promise<Record<string, Tensor>>;
  /** Waits until nothing waits and nothing runs. */
  drain(): Promise<void>;
  /** Ends the sessions, and the devices that are the pool's own. Requests that wait or run fail with DISPOSED. */
  dispose(): void;
  /** As `dispose`, for `using`. */
  [Symbol.dispose](): void;
  /** Drains, then disposes. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Which outputs of a request to give, and until when. */
export interface PoolRunOptions extends Pick<RunOptions, 'signal'> {
  /** Only these outputs, by name; all without it. */
  readonly outputs?: readonly string[];
}
