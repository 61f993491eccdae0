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
  /** Live GPU buffers, and their bytes. */
  readonly memory: { readonly buffers: number; readonly bytes: number };
  dispose(): void;
}

export type Precision = 'fp32' | 'fp16' | 'strict';

export interface Progress {
  readonly phase: 'load' | 'upload' | 'compile';
  readonly done: number;
  readonly total: number;
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
  /** Forces or forbids convolution algorithms by name. */
  readonly algorithms?: { readonly only?: string; readonly forbid?: readonly string[] };
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
}

/** GPU time of one node of the program, over all its dispatches. */
export interface LayerTime {
  readonly name: string;
  readonly opType: string;
  readonly algorithm: string;
  readonly shape: readonly number[];
  readonly dispatches: number;
  /** Median over the profiled runs, in milliseconds. */
  readonly ms: number;
  readonly flops: number;
  readonly bytes: number;
}

export interface Profile {
  readonly runs: number;
  /** Sum of the layers' medians, in milliseconds. */
  readonly gpuMs: number;
  readonly layers: readonly LayerTime[];
}

export interface RunOptions {
  /** Only these outputs, by name; all without it. */
  readonly outputs?: readonly string[];
  readonly signal?: AbortSignal;
}

export interface Session {
  readonly inputs: readonly ValueMetadata[];
  readonly outputs: readonly ValueMetadata[];
  readonly report: SessionReport;
  /** Lowers, uploads and compiles for these sizes of the symbolic dimensions, so that the next run only runs. */
  prepare(dims?: Readonly<Record<string, number>>): Promise<void>;
  /** Inputs by name; outputs by name, in the model's order. Safe to call concurrently. */
  run(feeds: Readonly<Record<string, Tensor>>, options?: RunOptions): Promise<Record<string, Tensor>>;
  /** Times every layer by timestamp queries, in runs of its own. Throws UNSUPPORTED_DEVICE where the adapter has no timestamps. */
  profile(feeds: Readonly<Record<string, Tensor>>, options?: { readonly runs?: number }): Promise<Profile>;
  dispose(): void;
}
