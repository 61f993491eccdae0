import type { DataType } from '@tessera/onnx-loader';
import type { Candidate, DeviceProfile, ElementType, TuningFile } from '@tessera/conv-kernels';
import type { GpuTensor } from './device/gpu-tensor.js';
import type { NativeDevice } from './device/native.js';
import type { Container } from './graph.js';
import type { Feed, Tensor, Value } from './tensor.js';

/**
 * Which adapter to use. 'auto': a real GPU, else the system's software adapter, else the embedded one. 'gpu': a real
 * GPU or nothing. 'system': a software adapter of the system (lavapipe). 'swiftshader': the embedded one. Any other
 * text: the adapter whose vendor, architecture or description contains it.
 */
export type AdapterChoice = 'auto' | 'gpu' | 'system' | 'swiftshader' | (string & {});

/** Which adapter a device was opened on. */
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

/** An open WebGPU device, which sessions may share. */
export interface Device {
  readonly adapter: AdapterReport;
  /** The limits and features by which kernels are chosen. */
  readonly profile: DeviceProfile;
  /** WebGPU's own device, to make buffers of and to hand to other libraries. After a loss it is another object. */
  readonly gpu: NativeDevice;
  /** Live GPU buffers, their bytes, and the most bytes there have been. */
  readonly memory: { readonly buffers: number; readonly bytes: number; readonly peakBytes: number };
  /**
   * 'lost': the next run opens the device anew. 'unhealthy': as 'lost', for the fourth time in a row with no run between
   * that succeeded: runs fail with DEVICE_UNHEALTHY until a pause that doubles up to 30 s is over.
   */
  readonly health: 'ready' | 'lost' | 'unhealthy';
  /** Closes the device; what its sessions still do fails with DISPOSED. */
  dispose(): void;
}

/**
 * 'fp32': sums in 32-bit floats. 'fp16': weights and activations in 16 bits, sums in 32, where the adapter has shader-f16.
 * 'strict': fp32 without the algorithms that round more than a chain of multiply-adds.
 */
export type Precision = 'fp32' | 'fp16' | 'strict';

/** How far the opening of a session is. */
export interface Progress {
  readonly phase: 'load' | 'upload' | 'compile';
  /** Bytes of a stream ('load'; 1 once the model is understood), bytes uploaded, or pipelines compiled. */
  readonly done: number;
  /** What `done` ends at; of a stream, whose length is not known before its end, the bytes so far. */
  readonly total: number;
}

/** Which algorithms convolutions and matrix products may use. */
export interface AlgorithmOptions {
  /** The one algorithm to use, wherever there is a choice. */
  readonly only?: string;
  /** As `only`, for single nodes of the graph, by their names; it goes before `only`. */
  readonly nodes?: Readonly<Record<string, string>>;
  readonly forbid?: readonly string[];
}

/** How to open a session. */
export interface SessionOptions {
  /** A device to share; without it the session acquires (and disposes) its own. */
  readonly device?: Device;
  /** Which adapter to acquire a device on, where none is given. */
  readonly adapter?: AdapterChoice;
  /** Bytes of GPU memory that a device acquired for the session may hold; see `acquireDevice`. */
  readonly memoryBudget?: number;
  /** Of the arithmetic; 'fp32' without it. */
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
  /**
   * Times of kernels on this adapter, as `Session.tune` gives them: an object, or in Node the path of a file. They go before
   * those that ship with the package.
   */
  readonly tuning?: TuningFile | string;
  /**
   * Looks for infinities and NaN in what every node makes: a run that meets one fails with NOT_FINITE and the first such
   * node. Slow; meant for finding where a model leaves the range of f16.
   */
  readonly checkFinite?: boolean;
  /** Refuses nodes that would run on the CPU, but for arithmetic on shapes. */
  readonly strict?: boolean;
  /** Iterations after which a Loop is taken for endless and ends in an error; 100,000 without it. */
  readonly maxIterations?: number;
  /** Called as the opening proceeds, and when a later run prepares for new sizes. */
  readonly onProgress?: (progress: Progress) => void;
  /** Ends the opening; it then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** How long to tune, and whom to tell. */
export interface TuneOptions {
  /** Sizes of symbolic dimensions, beside those of `SessionOptions.dims`. */
  readonly dims?: Readonly<Record<string, number>>;
  /** Milliseconds after which no further problem is begun, the first apart; a minute without it. */
  readonly budgetMs?: number;
  /** Ends the tuning after the problem under way; what was timed counts. */
  readonly signal?: AbortSignal;
  /** Called after each problem. */
  readonly onProgress?: (progress: TuneProgress) => void;
}

/** One problem tuned. */
export interface TuneProgress {
  readonly done: number;
  readonly total: number;
  /** Its key in the tuning file. */
  readonly problem: string;
  /** The fastest algorithm and variant, and its seconds; undefined where none takes the problem. */
  readonly winner?: string;
  readonly seconds?: number;
  readonly elapsedMs: number;
}

/** An input or output as the model states it. */
export interface ValueMetadata {
  readonly name: string;
  readonly dataType: DataType;
  /** Of a sequence or an optional, whose tensors are of `dataType`; absent for a tensor. */
  readonly container?: Container;
  /** Sizes and symbols; undefined where the model does not say even the rank. */
  readonly dims?: readonly (number | string)[];
  /** How a GPU tensor for it stores each element; undefined where its type cannot be on the GPU. */
  readonly elementType?: ElementType;
}

/** Where a node of the file runs, and why there. */
export interface NodePlacement {
  /** As in the file; a node of a subgraph after the names of the nodes and attributes around it. */
  readonly name: string;
  readonly opType: string;
  /** 'folded': not run, because its result is known beforehand or not needed; 'open': the run before it decides. */
  readonly where: 'gpu' | 'cpu' | 'folded' | 'open';
  readonly reason: string;
}

/** What a session is, and what it cost to make. */
export interface SessionReport {
  readonly adapter: AdapterReport;
  readonly precision: Precision;
  readonly irVersion: number;
  readonly opsets: Readonly<Record<string, number>>;
  readonly producer: string;
  /** Milliseconds: reading and understanding the file. */
  readonly loadMs: number;
  /** Of the newest program: lowering; weights packed and uploaded; what compiling pipelines beside that took longer. */
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
  /** Every node of the file, in its order, as the newest run (or preparation) placed it. */
  readonly placements: readonly NodePlacement[];
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

/** A buffer on the GPU, and the tensors that lie in it one after another. */
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
  /** Median of the samples. */
  readonly ms: number;
  /** Each time it was timed. */
  readonly samplesMs: readonly number[];
  /** From the begin of the run's first dispatch to the begin of this layer's, in the run of the timeline. */
  readonly startMs: number;
}

/** A run with all its dispatches, on one time axis: milliseconds from its start on the host. */
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

/** One dispatch on the time axis of a run. */
export interface DispatchTime {
  /** Index into the profile's layers. */
  readonly layer: number;
  readonly kernel: string;
  readonly workgroups: readonly [number, number, number];
  readonly startMs: number;
  readonly endMs: number;
}

/** GPU times by layer. */
export interface Profile {
  /** How often each layer was timed. */
  readonly runs: number;
  /**
   * Each profiled run timed the dispatches of one of so many parts, one part after another, so that `runs * parts` runs were
   * made; 1 where each timed all of them.
   */
  readonly parts: number;
  /** Sum of the layers' medians, in milliseconds. */
  readonly gpuMs: number;
  /**
   * A dispatch is timed in a pass of its own, and so takes longer than among others in one pass: by this many milliseconds
   * on this device, as dispatches that do nothing but wait for one another show. It is taken off each dispatch in `gpuMs`, `layers` and
   * `timeline`, though none is left with less than such a dispatch takes; `wholeMs` and `profiledMs` are as measured.
   */
  readonly passCostMs: number;
  /** Median GPU time of runs apart, as they are without profiling, between one pair of timestamps around all dispatches of a program. */
  readonly wholeMs: number;
  /** Median GPU time of the profiled runs, likewise: over `wholeMs`, what timing the layers costs. */
  readonly profiledMs: number;
  readonly layers: readonly LayerTime[];
  /** Of a run that timed all dispatches: where `parts` is above 1, one made beside the profiled runs. */
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

/** What a run gives back, and where. */
export interface RunOptions {
  /**
   * Only these outputs (or values kept by `SessionOptions.keep`), by name; all of the model's without it. Given as an object, an output goes into the tensor named: its elements
   * are overwritten and it is returned itself; null asks for a new one.
   */
  readonly outputs?: readonly string[] | Readonly<Record<string, Tensor | GpuTensor | null>>;
  /** 'gpu' leaves the results (but for those preallocated elsewhere) in GPU memory, in tensors that the caller disposes of. */
  readonly location?: 'cpu' | 'gpu';
  /** Told where the run's time went; the run then holds a pair of timestamps, where the adapter has them. */
  readonly onTiming?: (timing: RunTiming) => void;
  /** Ends the wait for the result; the run then rejects with the signal's reason. What the GPU has begun it finishes. */
  readonly signal?: AbortSignal;
}

/** One choice of an algorithm: a layer may have several, such as the parts of a product too large for one buffer. */
export interface LayerExplanation {
  readonly name: string;
  readonly opType: string;
  readonly shape: readonly number[];
  /** What `AlgorithmOptions.nodes` asks for at this node; it was taken, whatever the order of the candidates. */
  readonly forced?: string;
  /** Every algorithm's answer: the best first, which was taken unless another is `forced`, then by time, refusals last. */
  readonly candidates: readonly Candidate[];
}

/** How to profile. */
export interface ProfileOptions {
  /** How often to time each layer: 5 times without it. */
  readonly runs?: number;
  /**
   * In how many parts to time the dispatches, a part in each run: 1 times all of them in every run. Without it, in so many that a
   * profiled run takes at most some 6% longer on the GPU than a plain one, as the measured cost of a pass predicts; where a run is
   * so short that one more pass takes longer, one dispatch in each run.
   */
  readonly parts?: number;
  /** Ends profiling early, once each layer was timed once. */
  readonly signal?: AbortSignal;
  /** Called each time all layers have been timed once more. */
  readonly onRun?: (done: number, runs: number) => void;
}

/** Inputs by name. */
export type Feeds = Readonly<Record<string, Feed>>;

/** Feeds with the shapes they were found to have, and the sizes that follow for the model's symbols. */
export interface CheckedFeeds {
  readonly feeds: Readonly<Record<string, Tensor | GpuTensor | readonly Tensor[] | null>>;
  readonly dims: Readonly<Record<string, number>>;
}

/**
 * A model on a device. Every method may be called while others are under way; runs are done in the order of their calls,
 * so that none waits for a later one.
 *
 * @example
 * await using session = await createSession('model.onnx');
 * const { scores } = await session.run({ image: pixels });
 */
export interface Session {
  /** The model's inputs, in its order; sizes are numbers or symbols. */
  readonly inputs: readonly ValueMetadata[];
  /** The model's outputs, in its order. */
  readonly outputs: readonly ValueMetadata[];
  /** The model's own notes (metadata_props), such as an author or class names. */
  readonly metadata: Readonly<Record<string, string>>;
  /** The device it runs on: the one given, or its own. */
  readonly device: Device;
  /** Adapter, times in milliseconds and sizes in bytes. */
  readonly report: SessionReport;
  /**
   * Lowers, uploads and compiles for these sizes of the symbolic dimensions, so that the next run only runs.
   *
   * @example
   * await session.prepare({ N: 8 });
   *
   * @throws TesseraError INVALID_INPUT where a size is missing or is none.
   */
  prepare(dims?: Readonly<Record<string, number>>): Promise<void>;
  /**
   * Times the kernels that could serve the model's convolutions and matrix products with these sizes, the heaviest first,
   * and uses the fastest from the next run on. The result holds what was known before too; give it to later sessions as
   * `SessionOptions.tuning`.
   *
   * @example
   * const tuning = await session.tune({ dims: { N: 8 }, budgetMs: 10_000 });
   * writeFileSync('tuning.json', formatTuning(tuning));
   *
   * @throws TesseraError UNSUPPORTED_DEVICE where the adapter has no timestamps. INVALID_INPUT where a size is missing.
   */
  tune(options?: TuneOptions): Promise<TuningFile>;
  /**
   * Checks feeds, and the names of outputs, as `run` does, without running.
   *
   * @example
   * const { dims } = session.check({ image: new Float32Array(3 * 64) }); // { N: 3 }
   *
   * @throws TesseraError INVALID_INPUT for what does not fit. DISPOSED.
   */
  check(feeds: Feeds, options?: Pick<RunOptions, 'outputs'>): CheckedFeeds;
  /**
   * A tensor for an input, to be filled by the caller, in memory that the GPU copies from: a run saves the copy there, which for large
   * inputs takes longer than all else it does on the host. What it holds at first is not defined, and reading it may be slow. The
   * memory goes with the first `run` that is given all of it, or with the session or device: `data` has no elements then, and the next input is
   * staged anew, in memory used before. Small tensors, those whose elements the host converts (64-bit types, bfloat16), and all before the first
   * `prepare` or `run` lie in ordinary memory, and stay.
   *
   * @example
   * const image = session.stageInput('image', [8, 3, 224, 224]);
   * (image.data as Float32Array).set(pixels);
   * const { scores } = await session.run({ image });
   *
   * @throws TesseraError INVALID_INPUT for what is no input, no tensor of numbers, or of another shape. OUT_OF_MEMORY. DISPOSED.
   */
  stageInput(name: string, dims: readonly number[]): Tensor;
  /**
   * Runs the model: inputs by name in, outputs by name out, in the model's order. An input may be given by its elements
   * alone where the model and the other inputs leave at most one of its sizes open.
   *
   * @example
   * const { scores } = await session.run({ image: new Float32Array(64) }, { outputs: ['scores'] });
   *
   * @throws TesseraError INVALID_INPUT for feeds that do not fit. DEVICE_LOST and DEVICE_UNHEALTHY, which are retryable: the
   * next run opens the device anew. OUT_OF_MEMORY, UNSUPPORTED_DEVICE and INVALID_MODEL for sizes met for the first time. DISPOSED.
   */
  run(feeds: Feeds, options: RunOptions & { readonly location: 'gpu' }): Promise<Record<string, GpuTensor>>;
  /** Runs the model, with results in host memory; see the other overload, which leaves them on the GPU. */
  run(feeds: Feeds, options?: RunOptions): Promise<Record<string, Tensor>>;
  /**
   * As `run`, for models whose outputs may be sequences (arrays of tensors) and optionals (null where empty), which `run`
   * refuses.
   *
   * @example
   * const { boxes } = await session.runValues({ image });
   * if (isSequence(boxes)) console.log(boxes.length);
   */
  runValues(feeds: Feeds, options?: Pick<RunOptions, 'onTiming' | 'signal'>): Promise<Record<string, Value>>;
  /**
   * Times every layer by timestamp queries, `runs` times (5 without it), in runs of its own that take turns with plain ones; on a
   * GPU it warms up first. Where timing all dispatches would make a run much longer, each run times a part of them.
   * An aborted signal ends it early, with what was measured so far, each layer at least once.
   *
   * @example
   * const { gpuMs, layers } = await session.profile({ image });
   * console.log(gpuMs, layers.map(({ name, ms }) => [name, ms]));
   *
   * @throws TesseraError UNSUPPORTED_DEVICE where the adapter has no timestamps; INVALID_INPUT where `runs` or `parts` is none; else as `run`.
   */
  profile(feeds: Feeds, options?: ProfileOptions): Promise<Profile>;
  /**
   * Why each convolution and matrix product of the newest program is computed as it is. Empty before the first
   * `prepare` or `run` of a model with open sizes.
   *
   * @example
   * for (const { name, candidates } of session.explain()) console.log(name, candidates[0]);
   */
  explain(): readonly LayerExplanation[];
  /** Frees its GPU memory, and its device if that is its own. Runs under way fail with DISPOSED. */
  dispose(): void;
  /** As `dispose`, for `using`. */
  [Symbol.dispose](): void;
  /** Waits for the runs under way, then disposes. */
  [Symbol.asyncDispose](): Promise<void>;
}
