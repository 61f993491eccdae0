import { TesseraError } from '../errors.js';
import type { Tensor } from '../tensor.js';
import { batchKey, rowsOf, rowsToTake, type Tensors } from './batch.js';

/** A request that waits for its turn. */
export interface Request {
  readonly feeds: Tensors;
  /** Undefined for one that is to be run by itself. */
  readonly key: string | undefined;
  readonly rows: number;
  /** performance.now() when it came. */
  readonly since: number;
  readonly outputs: readonly string[] | undefined;
  resolve(result: Record<string, Tensor>): void;
  reject(error: unknown): void;
}

/** Requests to be run as one, in a batch of `size` rows. */
export interface Batch {
  readonly requests: readonly Request[];
  readonly size: number;
}

export interface QueueOptions {
  /** Requests that may wait. */
  readonly maxLength: number;
  /** Sizes of batches; only the size 1 where there is no batching. */
  readonly sizes: readonly number[];
  /** How long a request may wait for others to fill its batch, in milliseconds. */
  readonly maxDelayMs: number;
}

/** Requests in the order they came. The oldest is always in the next batch; others join it where they are alike. */
export class RequestQueue {
  readonly #waiting: Request[] = [];

  constructor(readonly options: QueueOptions) {}

  get length(): number {
    return this.#waiting.length;
  }

  /** Throws OVERLOADED where as many wait as may. */
  push(request: Request): void {
    if (this.#waiting.length >= this.options.maxLength) {
      throw new TesseraError(
        'OVERLOADED',
        `${this.#waiting.length} requests are waiting, which is as many as may wait`,
      );
    }
    this.#waiting.push(request);
  }

  /** Takes a request out that nobody waits for any more; false where it is not waiting. */
  remove(request: Request): boolean {
    const index = this.#waiting.indexOf(request);
    if (index >= 0) this.#waiting.splice(index, 1);
    return index >= 0;
  }

  clear(): Request[] {
    return this.#waiting.splice(0);
  }

  /** Milliseconds until the next batch should go; 0: now; undefined where nothing waits. */
  delay(now: number): number | undefined {
    const [first] = this.#waiting;
    if (!first) return undefined;
    const full = this.options.sizes.at(-1)!;
    if (first.key === undefined || this.#alike(first).rows >= full) return 0;
    return Math.max(0, first.since + this.options.maxDelayMs - now);
  }

  /** The oldest request and those alike, up to the size that suits their number. */
  take(): Batch {
    const [first] = this.#waiting;
    if (first.key === undefined) return { requests: [this.#waiting.shift()!], size: first.rows };
    const { requests, rows } = this.#alike(first);
    const limit = Math.max(first.rows, rowsToTake(rows, this.options.sizes));
    const taken: Request[] = [];
    let count = 0;
    for (const request of requests) {
      if (count + request.rows > limit) break;
      taken.push(request);
      count += request.rows;
    }
    for (const request of taken) this.remove(request);
    return { requests: taken, size: this.options.sizes.find((size) => size >= count)! };
  }

  /** The first requests that can share a batch with `first`, as many as fit. */
  #alike(first: Request): { readonly requests: readonly Request[]; readonly rows: number } {
    const full = this.options.sizes.at(-1)!;
    const requests: Request[] = [];
    let rows = 0;
    for (const request of this.#waiting) {
      if (request.key !== first.key) continue;
      if (rows + request.rows > full) break;
      requests.push(request);
      rows += request.rows;
    }
    return { requests, rows };
  }
}

/** The key of a request: with those of equal keys it may share a batch; undefined where it is too large for any. */
export function requestKey(
  feeds: Tensors,
  outputs: readonly string[] | undefined,
  maxRows: number,
): string | undefined {
  if (maxRows <= 1) return undefined;
  const rows = rowsOf(feeds);
  if (rows < 1 || rows > maxRows) return undefined;
  return `${batchKey(feeds)}|${outputs ? [...outputs].sort().join(' ') : ''}`;
}
