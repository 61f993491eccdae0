/**
 * What an interrupt (Ctrl-C) means: while measuring is under way, to stop and to report what there is; at any other
 * time, and the second time in any case, to end at once.
 */
export class Interruption {
  readonly #controller = new AbortController();
  #held = 0;

  /** Aborted by the first interrupt while measuring is under way. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Runs `work`, during which an interrupt only sets the signal. */
  async hold<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    this.#held += 1;
    try {
      return await work(this.signal);
    } finally {
      this.#held -= 1;
    }
  }

  /** Takes an interrupt; true where the process is to end now. */
  interrupt(): boolean {
    if (this.#held === 0 || this.signal.aborted) return true;
    this.#controller.abort();
    return false;
  }
}
