import type { DataType } from '@tessera/onnx-loader';
import type { DeviceProfile } from '@tessera/conv-kernels';
import type { Tensor } from './tensor.js';

/**
 * Which adapter to use. 'auto': a real GPU, else the system's software adapter, else the embedded one. 'gpu': a real
 * GPU or nothing. 'system': a software adapter of the system (lavapipe). 'swiftshader': the embedded one. Any other
 * text: the adapter whose vendor, architecture or description contains it.
 */
export type AdapterChoice = 'auto' | 'gpu' | 'system' | 'swiftshader' | (string & {});

export interface AdapterReport {
  /** Such as 'NVIDIA H200' or 'llvmpipe (LLVM 15.0.6, 256 bits)'. */
  readonly name: string;
  readonly vendor: string;
  readonly architecture: string;
  readonly driver: string;
  readonly kind: 'gpu' | 'software';
  /** How it was found: 'system' (the system's drivers) or 'embedded' (SwiftShader out of a package). */
  readonly source: 'system' | 'embedded' | 'browser';
  readonly features: readonly string[];
  /** A sentence for the user where there is something to say: a software adapter is slow, and what would be faster. */
  readonly note?: string;
}

export interface Device {
  readonly adapter: AdapterReport;
  readonly profile: DeviceProfile;
  /** Live GPU buffers, their bytes, and the most bytes there have been. */
  readonly memory: { readonly buffers: number; readonly bytes: number; readonly peakBytes: number };
  dispose(): void;
}

export type Precision = 'fp32' | 'fp16' | 'strict';

export interface Progress {
  readonly phase: 'load' | 'upload' | 'compile';
  readonly done: number;
  readonly total: number;
}

export interface AlgorithmOptions {
  /** The one algorithm to use, wherever there is a choice. */
  readonly only?: string;
  /** As `only`, for single nodes of the graph, by their names; it goes before `only`. */
  readonly nodes?: Readonly<Record<string, string>>;
  readonly forbid?: readonly string[];
}

export interface SessionOptions {
  /** A device to share; without it the session acquires (and disposes) its own. */
  readonly device?: Device;
  readonly adapter?: AdapterChoice;
  readonly precision?: Precision;
  /** Contents of external data files by location, for models given as bytes. */
  readonly externalData?: Readonly<Record<string, Uint8Array>>;
  /** Sizes of symbolic dimensions; where all are known the program is prepared at once, else at the first run. */
  readonly dims?: Readonly<Record<string, number>>;
  /**
   * Values inside the graph that runs can give too, when `RunOptions.outputs` names them. Names from the file keep
   * these values as the file has them: nothing is fused across them. 'all' keeps every value that the program
   * computes as it is, after fusion; `SessionReport.layers` names them. They take memory of their own.
   */
  readonly keep?: 'all' | readonly string[];
  /** Forces or forbids convolution algorithms by name. */
  readonly algorithms?: AlgorithmOptions;
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
}

export interface ValueMetadata {
  readonly name: string;
  readonly dataType: DataType;
  /** Sizes and symbols; undefined where the model does not say even the rank. */
  readonly dims?: readonly (number | string)[];
}

export interface SessionReport {
  readonly adapter: AdapterReport;
  readonly precision: Precision;
  readonly irVersion: number;
  readonly opsets: Readonly<Record<string, number>>;
  readonly producer: string;
  /** Milliseconds: reading and understanding the file. */
  readonly loadMs: number;
  /** Of the newest program: lowering, weights packed and uploaded, pipelines compiled. */
  readonly lowerMs: number;
  readonly uploadMs: number;
  readonly compileMs: number;
  /** Of the newest program. */
  readonly nodes: number;
  readonly dispatches: number;
  readonly pipelines: number;
  /** Bytes on the GPU: packed weights, and activations after reuse by lifetime (the peak). */
  readonly weightBytes: number;
  readonly activationBytes: number;
  /** Of the newest program, in the order they run; empty before there is one. */
  readonly layers: readonly LayerReport[];
  /** Of the newest program; absent before there is one. */
  readonly memory?: MemoryReport;
}

/** One node of the program, which may stand for several of the file: what is known of it without running. */
export interface LayerReport {
  readonly name: string;
  readonly opType: string;
  /** Names of the file's nodes that it stands for. */
  readonly origins: readonly string[];
  /** Names of the values it makes. */
  readonly outputs: readonly string[];
  /** Of its kernels, with their variant; joined by ' + ' where they differ. */
  readonly algorithm: string;
  /** Of its first output. */
  readonly shape: readonly number[];
  readonly dispatches: number;
  /** Arithmetic of the operator as defined, 2 for each multiply-add, whatever the algorithm saves; 0 where it is slight. */
  readonly flops: number;
  /** Bytes read and written at least once. */
  readonly bytes: number;
}

/** Which tensors share GPU memory, and when. Time counts dispatches, from 0. */
export interface MemoryReport {
  readonly weightBytes: number;
  readonly inputBytes: number;
  /** Sum of `allocations`: what the activations take, and with weights and inputs the peak. */
  readonly activationBytes: number;
  readonly steps: number;
  /** Buffers that activations and outputs lie in, one after another. */
  readonly allocations: readonly MemoryAllocation[];
  /** Bytes of the activations alive in each dispatch. */
  readonly liveBytes: readonly number[];
}

export interface MemoryAllocation {
  readonly bytes: number;
  readonly tenants: readonly MemoryTenant[];
}

/** A tensor in an allocation, from its first to its last dispatch, both included; an output stays to the end. */
export interface MemoryTenant {
  /** Index into `SessionReport.layers` of the layer that writes it first. */
  readonly layer: number;
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
}

/** GPU time of one layer, over all its dispatches. Times are in milliseconds. */
export interface LayerTime extends LayerReport {
  /** Median over the profiled runs. */
  readonly ms: number;
  /** Of each profiled run. */
  readonly samplesMs: readonly number[];
  /** From the begin of the run's first dispatch to the begin of this layer's, in the profiled run of median length. */
  readonly startMs: number;
}

/** A profiled run, on one time axis: milliseconds from its start on the host. */
export interface Timeline {
  readonly host: readonly {
    readonly name: 'upload' | 'encode' | 'wait';
    readonly startMs: number;
    readonly endMs: number;
  }[];
  readonly gpu: readonly DispatchTime[];
  /**
   * The GPU's clock is laid over the host's such that in every profiled run the work begins after its submission and
   * ends before its results; it may be off by this much either way.
   */
  readonly uncertaintyMs: number;
}

export interface DispatchTime {
  /** Index into the profile's layers. */
  readonly layer: number;
  readonly kernel: string;
  readonly workgroups: readonly [number, number, number];
  readonly startMs: number;
  readonly endMs: number;
}

export interface Profile {
  readonly runs: number;
  /** Sum of the layers' medians, in milliseconds. */
  readonly gpuMs: number;
  /** Median GPU time of runs apart, as they are without profiling, between one pair of timestamps around all dispatches. */
  readonly wholeMs: number;
  readonly layers: readonly LayerTime[];
  readonly timeline: Timeline;
}

/** Where the time of one run went, in milliseconds. */
export interface RunTiming {
  /** Feeds checked, turned into bytes, and handed to the queue. */
  readonly uploadMs: number;
  /** Commands recorded and submitted. */
  readonly encodeMs: number;
  /** On the GPU, between one pair of timestamps around all dispatches; undefined where the adapter has none. */
  readonly gpuMs?: number;
  /** From the submission to the results on the host, without `gpuMs`: launch, wait and transfer. */
  readonly waitMs: number;
  /** Results copied out and turned into tensors. */
  readonly readBackMs: number;
  readonly totalMs: number;
}

export interface RunOptions {
  /** Only these outputs (or values kept by `SessionOptions.keep`), by name; all of the model's without it. */
  readonly outputs?: readonly string[];
  /** Told where the run's time went; the run then holds a pair of timestamps, where the adapter has them. */
  readonly onTiming?: (timing: RunTiming) => void;
  readonly signal?: AbortSignal;
}

export interface ProfileOptions {
  readonly runs?: number;
  readonly signal?: AbortSignal;
  readonly onRun?: (done: number, runs: number) => void;
}

export interface Session {
  readonly inputs: readonly ValueMetadata[];
  readonly outputs: readonly ValueMetadata[];
  readonly report: SessionReport;
  /** Lowers, uploads and compiles for these sizes of the symbolic dimensions, so that the next run only runs. */
  prepare(dims?: Readonly<Record<string, number>>): Promise<void>;
  /** Inputs by name; outputs by name, in the model's order. Safe to call concurrently. */
  run(feeds: Readonly<Record<string, Tensor>>, options?: RunOptions): Promise<Record<string, Tensor>>;
  /**
   * Times every layer by timestamp queries, in runs of its own (5 without `runs`); on a GPU it warms up first. An
   * aborted signal ends it early, with the runs made so far, at least one.
   * @throws TesseraError UNSUPPORTED_DEVICE where the adapter has no timestamps.
   */
  profile(feeds: Readonly<Record<string, Tensor>>, options?: ProfileOptions): Promise<Profile>;
  dispose(): void;
}
