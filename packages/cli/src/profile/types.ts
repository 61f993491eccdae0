import type { AdapterReport, LayerTime, MemoryReport, Precision, Timeline } from '@tessera/runtime';

/** All that `infer profile` reports, and the document of --json. Milliseconds and bytes; keys are only ever added. */
export interface ProfileReport {
  readonly schema: 'tessera.profile';
  readonly version: 1;
  readonly model: { readonly file: string; readonly bytes: number };
  readonly adapter: AdapterReport;
  readonly precision: Precision;
  readonly dims: Readonly<Record<string, number>>;
  readonly assumedDims: readonly string[];
  /** How often each layer was timed. */
  readonly runs: number;
  /** Each profiled run timed one of so many parts of the dispatches. */
  readonly parts: number;
  /** Sum of the layers' medians. */
  readonly gpuMs: number;
  /** What a pass of its own costs a dispatch on this device; taken off each in the layers and the timeline. */
  readonly passCostMs: number;
  /** Median GPU time of whole runs without profiling. */
  readonly wholeMs: number;
  /** Median GPU time of the profiled runs. */
  readonly profiledMs: number;
  readonly ceilings: CeilingsReport;
  /** In the order they run. */
  readonly layers: readonly ProfiledLayer[];
  readonly timeline: Timeline;
  readonly memory: MemoryReport;
  readonly isInterrupted: boolean;
  readonly warnings: readonly string[];
}

/** What the adapter can do at most, measured by plain kernels. */
export interface CeilingsReport {
  readonly f32Flops: number;
  readonly f16Flops?: number;
  readonly matrixFlops?: number;
  readonly bytes: number;
  readonly launchSeconds: number;
}

export interface ProfiledLayer extends LayerTime {
  /** Mean over the runs. */
  readonly averageMs: number;
  /** Sum over the runs. */
  readonly totalMs: number;
  /** Of the sum of the layers, 0 to 1. */
  readonly share: number;
  /** Operations and bytes a second; null where there are none or no time was seen. */
  readonly flopsPerSecond: number | null;
  readonly bytesPerSecond: number | null;
  /** The least time that the ceilings allow, over the time taken; null where the layer's work is not known. */
  readonly roofline: number | null;
}
