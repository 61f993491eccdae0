/** The result of one network at one set of sizes. */
export interface Row {
  readonly name: string;
  readonly passed: boolean;
  /** max|ours - reference| / max|reference|, the largest over the outputs. */
  readonly difference?: number;
  /** Median of warm runs, input upload and output read-back included, in milliseconds. */
  readonly oursMs?: number;
  readonly referenceMs?: number;
  readonly adapter?: string;
  /** Why it failed. */
  readonly reason?: string;
}
