import { tuningFile, tuningTable, type Kernel, type TuningFile, type TuningTable } from '@tessera/conv-kernels';
import type { Precision, Progress, SessionOptions, TuneOptions } from './api.js';
import type { Evictable, GpuDevice } from './device/device.js';
import { PreparedProgram } from './device/executor.js';
import { UploadPool } from './device/upload-pool.js';
import { WeightStore } from './device/weight-store.js';
import { asTesseraError, TesseraError } from './errors.js';
import type { TypedGraph } from './graph.js';
import { planTimer } from './device/plan-timer.js';
import type { LowerOptions } from './program/builder.js';
import { lower } from './program/lower.js';
import { adoptTuning } from './tuning/table.js';
import { tuneChoices } from './tuning/tune-program.js';
import { planMemory, type MemoryPlan } from './program/plan-memory.js';
import type { Program } from './program/types.js';

/** Programs kept of each kind: those that run a whole model for a set of sizes, and parts of one. The least recently used go. */
const maxPrograms = { whole: 8, part: 64 } as const;

/** A graph whose shapes are all known, to be made into a program; equal keys stand for equal graphs. */
export interface ProgramSource {
  readonly key: string;
  readonly kind: keyof typeof maxPrograms;
  readonly graph: TypedGraph;
}

/** A program that can be run. */
export interface Prepared {
  /** Of the graph for these sizes. */
  readonly nodes: number;
  readonly program: Program;
  readonly plan: MemoryPlan;
  readonly executor: PreparedProgram;
  readonly timing: { readonly lowerMs: number; readonly uploadMs: number; readonly compileMs: number };
  readonly pipelines: number;
}

interface Entry {
  readonly kind: ProgramSource['kind'];
  readonly prepared: Promise<Prepared>;
  executor?: PreparedProgram;
  usedAt: number;
}

type CacheOptions = Omit<SessionOptions, 'tuning'> & { readonly precision: Precision; readonly tuning?: TuningFile };

/**
 * A session's programs, and the weights they share. All of it can be made again from its
 * source, which is what happens after the device was lost or its memory was wanted elsewhere.
 */
export class ProgramCache implements Evictable {
  /** In order of use, the oldest first. */
  readonly #entries = new Map<string, Entry>();
  readonly #executors = new Set<PreparedProgram>();
  readonly #unregister: () => void;
  #weights: WeightStore;
  #uploads: UploadPool;
  #tuning: { readonly file: TuningFile; readonly table: TuningTable };
  #gpu: GpuDevice['gpu'];
  #isBuilding = false;
  #usedAt = 0;
  #disposed = false;

  constructor(
    readonly device: GpuDevice,
    readonly options: CacheOptions,
  ) {
    const file = adoptTuning(options.tuning ?? tuningFile([]), device.profile);
    this.#tuning = { file, table: tuningTable(file, device.profile) };
    this.#weights = new WeightStore(device);
    this.#uploads = new UploadPool(device);
    this.#gpu = device.gpu;
    this.#unregister = device.register(this);
  }

  /** The program of a source, made at first use; runs that need the same one wait for it together. */
  get(source: ProgramSource): Promise<Prepared> {
    if (this.#gpu !== this.device.gpu) this.#forget();
    const { key, kind } = source;
    const entry = this.#entries.get(key) ?? this.#make(source);
    entry.usedAt = this.#usedAt = performance.now();
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    const alike = [...this.#entries].filter(([, each]) => each.kind === kind);
    if (alike.length > maxPrograms[kind]) this.#drop(alike[0][0]);
    return entry.prepared;
  }

  #make({ key, kind, graph }: ProgramSource): Entry {
    const prepared = this.#build(graph, (executor) => (entry.executor = executor));
    const entry: Entry = { kind, prepared, usedAt: 0 };
    entry.prepared.catch(() => {
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
    });
    return entry;
  }

  #drop(key: string): void {
    const entry = this.#entries.get(key)!;
    this.#entries.delete(key);
    void entry.prepared.then(({ executor }) => this.#retire(executor)).catch(() => {});
  }

  #retire(executor: PreparedProgram): void {
    executor.retire();
    this.#executors.delete(executor);
  }

  /** What was on a device that is lost is gone already; only the notes of it are to go. */
  #forget(): void {
    this.#gpu = this.device.gpu;
    this.#release();
    this.#weights = new WeightStore(this.device);
    this.#uploads = new UploadPool(this.device);
  }

  #release(): void {
    for (const executor of this.#executors) executor.dispose();
    this.#executors.clear();
    this.#entries.clear();
    this.#weights.dispose();
    this.#uploads.dispose();
  }

  idleSince(): number | undefined {
    const idle = [...this.#entries.values()].find(({ executor }) => executor?.isIdle);
    if (idle) return idle.usedAt;
    const holdsOnlyWeights = !this.#isBuilding && this.#entries.size === 0 && !this.#weights.isEmpty;
    return holdsOnlyWeights && [...this.#executors].every((e) => e.isDisposed) ? this.#usedAt : undefined;
  }

  evict(): void {
    this.#uploads.trim();
    const idle = [...this.#entries].find(([, { executor }]) => executor?.isIdle);
    if (!idle) return this.#weights.dispose();
    this.#entries.delete(idle[0]);
    this.#retire(idle[1].executor!);
  }

  async #build(graph: TypedGraph, onReady: (executor: PreparedProgram) => void): Promise<Prepared> {
    try {
      const { device } = this;
      return await device.guard('preparing the model', async () => {
        const clock = stopwatch();
        const program = lower(graph, { ...this.#lowerOptions(), foreseen: this.#foreseen() });
        const plan = planMemory(program);
        const lowerMs = clock();
        const prepared = await this.#upload(graph.nodes.length, program, plan, lowerMs);
        onReady(prepared.executor);
        return prepared;
      });
    } catch (error) {
      throw asTesseraError(error);
    }
  }

  /** What all programs write their inputs through. */
  get uploads(): UploadPool {
    if (this.#gpu !== this.device.gpu) this.#forget();
    return this.#uploads;
  }

  /** The times known. */
  get tuning(): TuningFile {
    return this.#tuning.file;
  }

  #lowerOptions(): LowerOptions {
    const { device, options } = this;
    const { algorithms = {} } = options;
    return {
      profile: device.profile,
      floatType: floatTypeOf(options),
      algorithms,
      strict: options.precision === 'strict',
      tuning: this.#tuning.table,
      checkFinite: options.checkFinite,
    };
  }

  /** Begins to compile what a program in the making is to have, and what packs its weights. */
  #foreseen(): LowerOptions['foreseen'] {
    const { pipelines } = this.device;
    const weights = this.#weights;
    return { kernel: (kernel) => pipelines.foresee(kernel), weight: (weight) => weights.foresee(weight) };
  }

  /** Times the kernels that could serve a source, and makes all programs anew with the fastest. */
  async tune({ graph }: ProgramSource, options: TuneOptions): Promise<TuningFile> {
    const { device } = this;
    const lowering = this.#lowerOptions();
    const { choices } = lower(graph, lowering);
    const { algorithms, strict, tuning } = lowering;
    const choice = { forbid: algorithms.forbid, strict, tuning };
    const known = this.#tuning.file;
    const file = await tuneChoices(choices, device.profile, planTimer(device), choice, known, options);
    this.#tuning = { file, table: tuningTable(file, device.profile) };
    for (const key of [...this.#entries.keys()]) this.#drop(key);
    return file;
  }

  /** Uploads, compiles and binds; one at a time on a device, as `guard` sees to. */
  async #upload(nodes: number, program: Program, plan: MemoryPlan, lowerMs: number): Promise<Prepared> {
    const { device, options } = this;
    const progress = (phase: Progress['phase']) => (done: number, total: number) =>
      options.onProgress?.({ phase, done, total });
    this.#requireAlive();
    this.#isBuilding = true;
    try {
      const clock = stopwatch();
      const weights = program.buffers.flatMap((slot) => (slot.weight ? [slot.weight] : []));
      const uploading = this.#weights.upload(weights, progress('upload'));
      const compiling = startCompiling(device, kernelsOf(program), progress('compile'));
      // A session's later programs are made beside runs, which are not to wait for this thread.
      if (this.#executors.size === 0) void device.pipelines.help();
      await uploading;
      const uploadMs = clock();
      const pipelines = await compiling.finish();
      this.#requireAlive();
      const executor = PreparedProgram.create(device, program, plan, this.#weights, pipelines, this.#uploads);
      this.#executors.add(executor);
      const timing = { lowerMs, uploadMs, compileMs: clock() };
      return { nodes, program, plan, executor, timing, pipelines: pipelines.size };
    } finally {
      this.#isBuilding = false;
    }
  }

  #requireAlive(): void {
    if (this.#disposed) throw new TesseraError('DISPOSED', 'the session was disposed');
    this.device.check();
  }

  dispose(): void {
    this.#disposed = true;
    this.#unregister();
    this.#release();
  }
}

/** How a session stores float32 values. */
function floatTypeOf({ precision }: CacheOptions): 'f32' | 'f16' {
  return precision === 'fp16' ? 'f16' : 'f32';
}

/** Compiles kernels from now on, and tells of it from `finish` on. */
function startCompiling(
  { pipelines }: GpuDevice,
  kernels: readonly Kernel[],
  onProgress: (done: number, total: number) => void,
) {
  let compiled = 0;
  let isAwaited = false;
  const compiling = pipelines.compileAll(kernels, (done, total) => {
    compiled = done;
    if (isAwaited) onProgress(done, total);
  });
  // Where the upload fails before, that is what is told.
  compiling.catch(() => {});
  return {
    finish() {
      isAwaited = true;
      onProgress(compiled, kernels.length);
      return compiling;
    },
  };
}

function stopwatch(): () => number {
  let last = performance.now();
  return () => {
    const now = performance.now();
    const elapsed = now - last;
    last = now;
    return elapsed;
  };
}

function kernelsOf(program: Program): Kernel[] {
  return [...new Map(program.steps.map((step) => [step.kernel.code, step.kernel])).values()];
}
