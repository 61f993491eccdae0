import type { AdapterReport, DataType, LayerTime, NodePlacement, Precision } from '@tessera/runtime';
import type { FeedSource } from '../inputs/feeds.js';
import type { Ranking } from '../outputs/classes.js';
import type { Statistics } from '../outputs/statistics.js';
import type { Timing } from '../measure.js';

export interface ReportedValue {
  readonly name: string;
  readonly dataType: DataType;
  /** As the model declares it: sizes and symbols; null where it does not say. */
  readonly shape: readonly (number | string)[] | null;
}

export interface ReportedInput extends FeedSource {
  readonly dataType: DataType;
  readonly shape: readonly number[];
}

type LayerFacts = 'name' | 'opType' | 'algorithm' | 'shape' | 'dispatches' | 'ms' | 'flops' | 'bytes';

export interface ReportedLayer extends Pick<LayerTime, LayerFacts> {
  /** Part of the summed GPU time, 0 to 1. */
  readonly share: number;
  /** 10^9 operations a second; null for layers that do no arithmetic to speak of. */
  readonly gflops: number | null;
}

export interface ReportedOutput {
  readonly name: string;
  readonly dataType: DataType;
  readonly shape: readonly number[];
  /** Where it was written; null without --output-dir. */
  readonly file: string | null;
  /** Null for types without plain numbers, such as strings. */
  readonly statistics: Statistics | null;
  /** Null where the output does not hold classes or none were asked for. */
  readonly classes: Ranking | null;
}

/** Time on the GPU itself, or why it is not known. */
export type GpuReport =
  | { readonly available: false; readonly reason: string }
  | {
      readonly available: true;
      /** Profiled runs, apart from the timed ones. */
      readonly runs: number;
      /** Sum of the layers' medians. */
      readonly ms: number;
      /** Number of layers in the program. */
      readonly layerCount: number;
      /** Slowest first: all of them, or as many as --layers says. */
      readonly layers: readonly ReportedLayer[];
    };

/**
 * All that `infer MODEL` reports, and the document that --json prints. Times are in milliseconds, sizes in bytes. Keys
 * are only ever added while `version` stays the same.
 */
export interface RunReport {
  readonly schema: 'tessera.run';
  readonly version: 1;
  readonly model: {
    readonly file: string;
    /** Of the file itself, without external data. */
    readonly bytes: number;
    readonly producer: string;
    readonly irVersion: number;
    readonly opsets: Readonly<Record<string, number>>;
    readonly inputs: readonly ReportedValue[];
    readonly outputs: readonly ReportedValue[];
  };
  readonly adapter: AdapterReport;
  readonly precision: Precision;
  readonly seed: number;
  readonly dims: Readonly<Record<string, number>>;
  /** Symbols among `dims` that nothing gave a size, taken as 1. */
  readonly assumedDims: readonly string[];
  readonly inputs: readonly ReportedInput[];
  readonly prepare: {
    readonly loadMs: number;
    readonly lowerMs: number;
    readonly uploadMs: number;
    readonly compileMs: number;
    readonly nodes: number;
    readonly dispatches: number;
    readonly pipelines: number;
    readonly weightBytes: number;
    readonly activationBytes: number;
  };
  /** Where each node of the file ran, and why. */
  readonly placements: readonly NodePlacement[];
  readonly timing: Timing;
  readonly gpu: GpuReport;
  readonly outputs: readonly ReportedOutput[];
  readonly warnings: readonly string[];
}
