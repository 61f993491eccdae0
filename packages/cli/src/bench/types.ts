import type { AdapterReport, Precision } from '@tessera/runtime';
import type { Summary } from './statistics.js';

/** All that `infer bench` reports, and the document of --json. Milliseconds and bytes; keys are only ever added. */
export interface BenchReport {
  readonly schema: 'tessera.bench';
  readonly version: 1;
  readonly model: { readonly file: string; readonly bytes: number };
  readonly adapter: AdapterReport;
  readonly precision: Precision;
  readonly seed: number;
  readonly dims: Readonly<Record<string, number>>;
  readonly assumedDims: readonly string[];
  readonly inputs: readonly { readonly name: string; readonly dataType: string; readonly shape: readonly number[] }[];
  /** From the path to a prepared session, and its parts. */
  readonly sessionMs: number;
  readonly prepare: {
    readonly loadMs: number;
    readonly lowerMs: number;
    readonly uploadMs: number;
    readonly compileMs: number;
    readonly dispatches: number;
    readonly pipelines: number;
    readonly weightBytes: number;
    readonly activationBytes: number;
  };
  readonly firstRunMs: number;
  readonly warmUp: { readonly runs: number; readonly ms: number };
  readonly runs: number;
  readonly wallMs: number;
  /** Runs a second, by the time of our own runs alone. */
  readonly throughput: number;
  readonly isInterrupted: boolean;
  /** From feeds to results, and its parts. */
  readonly latency: Summary;
  readonly parts: {
    readonly upload: Summary;
    readonly encode: Summary;
    /** Null where the adapter has no timestamps; `wait` then holds it. */
    readonly gpu: Summary | null;
    readonly wait: Summary;
    readonly readBack: Summary;
  };
  /** Null where layers cannot be timed. */
  readonly layers: LayersReport | null;
  readonly peer: PeerReport | null;
  readonly baseline: BaselineReport | null;
  readonly warnings: readonly string[];
}

/** End to end against the sum of the layers. */
export interface LayersReport {
  /** How often each layer was timed. */
  readonly profiledRuns: number;
  readonly sumMs: number;
  /** What a pass of its own costs a dispatch on this device; taken off each in the layers. */
  readonly passCostMs: number;
  /**
   * `latency.median - sumMs`, which is the sum of the parts, taken of the run of median length. `dispatchMs` is its GPU
   * time beyond the layers', below 0 where the layers run faster together than one by one.
   */
  readonly gapMs: number;
  readonly gap: {
    readonly uploadMs: number;
    readonly encodeMs: number;
    readonly dispatchMs: number;
    readonly waitMs: number;
    readonly readBackMs: number;
  };
  readonly rows: readonly LayerRow[];
}

export interface LayerRow {
  readonly name: string;
  readonly opType: string;
  readonly algorithm: string;
  readonly ms: number;
  /** Of the sum, 0 to 1. */
  readonly share: number;
}

export interface PeerReport {
  readonly runtime: string;
  readonly version: string;
  readonly provider: string;
  readonly sessionMs: number;
  readonly firstRunMs: number;
  readonly latency: Summary;
  /** The peer's median over ours: above 1 where we are faster. */
  readonly ratio: number;
  /** max |ours - peer's| / max |peer's| over all outputs; null where they are not numbers. */
  readonly difference: number | null;
}

export interface BaselineReport {
  readonly file: string;
  /** Percent by which a time may grow. */
  readonly threshold: number;
  readonly latency: Change;
  /** Of the layers in both, the largest change first. */
  readonly layers: readonly LayerChange[];
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

export interface Change {
  readonly beforeMs: number;
  readonly afterMs: number;
  /** `afterMs / beforeMs - 1`. */
  readonly change: number;
  readonly isRegression: boolean;
}

export interface LayerChange extends Change {
  readonly name: string;
}
