import { TesseraError } from '../errors.js';

/** Losses in a row, with no run between that succeeded, from which a device counts as unhealthy. */
const unhealthyFrom = 4;
const firstPauseMs = 100;
const longestPauseMs = 30_000;

/**
 * How long to wait before a lost device is opened again. The first loss is answered at once, the next ones after pauses
 * that double; from the fourth in a row on, callers are refused until the pause is over instead of waiting for it.
 */
export class BackOff {
  #failures = 0;
  #until = 0;

  constructor(readonly now: () => number = () => performance.now()) {}

  get isUnhealthy(): boolean {
    return this.#failures >= unhealthyFrom;
  }

  failed(): void {
    this.#failures += 1;
    const pauseMs = this.#failures < 2 ? 0 : firstPauseMs * 2 ** (this.#failures - 2);
    this.#until = this.now() + Math.min(longestPauseMs, pauseMs);
  }

  succeeded(): void {
    this.#failures = 0;
  }

  /** Waits for the pause to end; an unhealthy device refuses instead. Throws DEVICE_UNHEALTHY with the seconds left. */
  async pause(): Promise<void> {
    const left = this.#until - this.now();
    if (left <= 0) return;
    if (this.isUnhealthy) {
      throw new TesseraError(
        'DEVICE_UNHEALTHY',
        `the GPU device was lost ${this.#failures} times in a row; it is opened again in ${Math.ceil(left / 1000)} s`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, left));
  }
}
