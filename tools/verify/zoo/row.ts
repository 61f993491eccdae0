/** The result of one network at one set of sizes. */
export interface Row {
  readonly name: string;
  readonly status: 'passed' | 'failed' | 'excluded';
  /** As the network's criterion has it: see `Verdict`. */
  readonly difference?: number;
  /** Median of warm runs, input upload and output read-back included, in milliseconds; of a single run, its time. */
  readonly oursMs?: number;
  readonly referenceMs?: number;
  readonly adapter?: string;
  /** Why it failed or is excluded. */
  readonly reason?: string;
  /** How it was compared, where not by the answers of the whole network. */
  readonly note?: string;
}
