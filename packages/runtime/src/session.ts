import type { Kernel } from '@tessera/conv-kernels';
import type { Model } from '@tessera/onnx-loader';
import type {
  Precision,
  Profile,
  ProfileOptions,
  Progress,
  RunOptions,
  Session,
  SessionOptions,
  SessionReport,
  ValueMetadata,
} from './api.js';
import { bindSizes, checkSizes, symbolsOf } from './bind-sizes.js';
import type { GpuDevice } from './device/device.js';
import { PreparedProgram, type RunMarks, type TimedSteps } from './device/executor.js';
import { WeightStore } from './device/weight-store.js';
import { asTesseraError, TesseraError } from './errors.js';
import type { TypedGraph } from './graph.js';
import { elementCount } from './passes/constants.js';
import { specialize, understand } from './passes/index.js';
import { lower } from './program/lower.js';
import { planMemory, type MemoryPlan } from './program/plan-memory.js';
import { decodeStorage, encodeStorage } from './program/storage.js';
import type { Program, ProgramOutput, ProgramValue } from './program/types.js';
import { splitRun, summarize } from './profile.js';
import { layersOf, memoryReport } from './report.js';
import type { Tensor } from './tensor.js';

/** Programs kept, one for each set of sizes; the least recently used goes. */
const maxPrograms = 8;

/** A GPU runs at its idle clock until it has worked for about this long (milliseconds). */
const warmUpMs = 250;

const defaultProfileRuns = 5;

interface Prepared {
  readonly program: Program;
  readonly plan: MemoryPlan;
  readonly executor: PreparedProgram;
  readonly timing: { readonly lowerMs: number; readonly uploadMs: number; readonly compileMs: number };
  readonly pipelines: number;
}

/** Opens a session on a device for a model in memory. `ownsDevice`: the device goes with the session. */
export async function openSession(
  model: Model,
  device: GpuDevice,
  ownsDevice: boolean,
  options: SessionOptions,
  startedAt: number,
): Promise<Session> {
  const precision = options.precision ?? 'fp32';
  if (precision === 'fp16' && !device.profile.hasF16) {
    throw new TesseraError(
      'UNSUPPORTED_DEVICE',
      `precision fp16 needs the feature shader-f16, which ${device.adapter.name} lacks; use fp32`,
    );
  }
  const graph = understand(model, options.keep === 'all' ? [] : options.keep);
  options.onProgress?.({ phase: 'load', done: 1, total: 1 });
  const loadMs = performance.now() - startedAt;
  const session = new GpuSession(model, graph, device, ownsDevice, { ...options, precision }, loadMs);
  const sizes = checkSizes(graph, options.dims ?? {});
  try {
    if (symbolsOf(graph).every((symbol) => sizes.has(symbol))) await session.prepare();
  } catch (error) {
    session.dispose();
    throw error;
  }
  return session;
}

class GpuSession implements Session {
  readonly inputs: readonly ValueMetadata[];
  readonly outputs: readonly ValueMetadata[];
  readonly #programs = new Map<string, Promise<Prepared>>();
  readonly #executors = new Set<PreparedProgram>();
  readonly #weights: WeightStore;
  #newest: Prepared | undefined;
  #disposed = false;

  constructor(
    readonly model: Model,
    readonly graph: TypedGraph,
    readonly device: GpuDevice,
    readonly ownsDevice: boolean,
    readonly options: SessionOptions & { readonly precision: Precision },
    readonly loadMs: number,
  ) {
    this.#weights = new WeightStore(device);
    const metadata = (name: string): ValueMetadata => {
      const type = graph.types.get(name);
      return { name, dataType: type?.dataType ?? 'float32', dims: type?.shape };
    };
    this.inputs = graph.inputs.map(metadata);
    this.outputs = model.graph.outputs.map(({ name }) => metadata(name));
  }

  get report(): SessionReport {
    const { model, device } = this;
    const newest = this.#newest;
    return {
      adapter: device.adapter,
      precision: this.options.precision,
      irVersion: model.irVersion,
      opsets: Object.fromEntries([...model.opsetImports].map(([domain, version]) => [domain || 'ai.onnx', version])),
      producer: [model.producerName, model.producerVersion].filter(Boolean).join(' '),
      loadMs: this.loadMs,
      lowerMs: newest?.timing.lowerMs ?? 0,
      uploadMs: newest?.timing.uploadMs ?? 0,
      compileMs: newest?.timing.compileMs ?? 0,
      nodes: newest ? newest.program.nodes.length - 1 : this.graph.nodes.length,
      dispatches: newest?.program.steps.length ?? 0,
      pipelines: newest?.pipelines ?? 0,
      weightBytes: newest?.plan.weightBytes ?? 0,
      activationBytes: newest?.plan.activationBytes ?? 0,
      layers: newest ? layersOf(newest.program).layers : [],
      memory: newest && memoryReport(newest.program, newest.plan),
    };
  }

  async prepare(dims: Readonly<Record<string, number>> = {}): Promise<void> {
    this.#requireAlive();
    const sizes = checkSizes(this.graph, { ...this.options.dims, ...dims });
    const unknown = symbolsOf(this.graph).filter((symbol) => !sizes.has(symbol));
    if (unknown.length > 0)
      throw new TesseraError('INVALID_INPUT', `sizes are needed for the dimensions ${unknown.join(', ')}`);
    await this.#prepared(sizes);
  }

  async run(feeds: Readonly<Record<string, Tensor>>, options: RunOptions = {}): Promise<Record<string, Tensor>> {
    this.#requireAlive();
    options.signal?.throwIfAborted();
    const sizes = bindSizes(this.graph, feeds);
    const { program, executor } = await this.#prepared(sizes);
    options.signal?.throwIfAborted();
    this.#requireAlive();
    const started = performance.now();
    const wanted = this.#wantedOutputs(program, options.outputs);
    const computed = wanted.filter((output): output is ProgramValue => 'operand' in output);
    const timed = options.onTiming !== undefined && this.device.hasTimestamps;
    const { bytes, marks } = await executor.run(encodeInputs(program, feeds), computed, timed);
    const tensors = new Map(computed.map((value, i) => [value.name, decodeOutput(value, bytes[i])]));
    options.onTiming?.(splitRun(marks, started, performance.now()));
    return Object.fromEntries(wanted.map((o) => [o.name, 'operand' in o ? tensors.get(o.name)! : o.constant]));
  }

  async profile(feeds: Readonly<Record<string, Tensor>>, options: ProfileOptions = {}): Promise<Profile> {
    this.#requireAlive();
    if (!this.device.hasTimestamps) {
      throw new TesseraError(
        'UNSUPPORTED_DEVICE',
        `${this.device.adapter.name} has no timestamp queries, so layers cannot be timed`,
      );
    }
    const { program, executor } = await this.#prepared(bindSizes(this.graph, feeds));
    const inputs = encodeInputs(program, feeds);
    if (this.device.adapter.kind === 'gpu') {
      const until = performance.now() + warmUpMs;
      while (performance.now() < until) await executor.run(inputs, []);
    }
    const { runs = defaultProfileRuns, signal, onRun } = options;
    const samples = { steps: [] as TimedSteps[], wholes: [] as RunMarks[] };
    for (let i = 0; i < runs && !(signal?.aborted && i > 0); i++) {
      samples.wholes.push((await executor.run(inputs, [], true)).marks);
      samples.steps.push(await executor.time(inputs));
      onRun?.(i + 1, runs);
    }
    this.device.check();
    return summarize(program, samples);
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const executor of this.#executors) executor.dispose();
    this.#executors.clear();
    this.#programs.clear();
    this.#weights.dispose();
    if (this.ownsDevice) this.device.dispose();
  }

  #requireAlive(): void {
    if (this.#disposed) throw new TesseraError('DISPOSED', 'the session was disposed');
    this.device.check();
  }

  #wantedOutputs(program: Program, names: readonly string[] = this.outputs.map(({ name }) => name)): ProgramOutput[] {
    return names.map((name) => {
      const output = program.outputs.find((o) => o.name === name);
      if (output) return output;
      const list = program.outputs.map((o) => `"${o.name}"`).join(', ');
      throw new TesseraError('INVALID_INPUT', `the model has no output "${name}"; its outputs are ${list}`);
    });
  }

  /** The program for these sizes, made at first use; runs that need the same one wait for it together. */
  #prepared(sizes: ReadonlyMap<string, number>): Promise<Prepared> {
    const key = JSON.stringify([...sizes].sort());
    let prepared = this.#programs.get(key);
    if (prepared) {
      this.#programs.delete(key);
    } else {
      prepared = this.#build(sizes).catch((error) => {
        throw asTesseraError(error);
      });
      prepared.catch(() => this.#programs.delete(key));
    }
    this.#programs.set(key, prepared);
    this.#evict();
    return prepared;
  }

  #evict(): void {
    const [oldest] = this.#programs;
    if (this.#programs.size <= maxPrograms) return;
    this.#programs.delete(oldest[0]);
    void oldest[1].then(({ executor }) => this.#release(executor)).catch(() => {});
  }

  #release(executor: PreparedProgram): void {
    this.#executors.delete(executor);
    executor.retire();
  }

  async #build(sizes: ReadonlyMap<string, number>): Promise<Prepared> {
    const { device, options } = this;
    const progress = (phase: Progress['phase']) => (done: number, total: number) =>
      options.onProgress?.({ phase, done, total });
    const clock = stopwatch();
    const floatType = options.precision === 'fp16' ? 'f16' : 'f32';
    const specialized = specialize(this.graph, sizes);
    const program = lower(options.keep === 'all' ? keepAll(specialized) : specialized, {
      profile: device.profile,
      floatType,
      algorithms: allowedAlgorithms(options),
    });
    const plan = planMemory(program);
    const lowerMs = clock();
    return device.guard('preparing the model', async () => {
      options.signal?.throwIfAborted();
      this.#requireAlive();
      const weights = program.buffers.flatMap((slot) => (slot.weight ? [slot.weight] : []));
      await this.#weights.upload(weights, progress('upload'));
      const uploadMs = clock();
      const pipelines = await device.pipelines.compileAll(kernelsOf(program), progress('compile'));
      options.signal?.throwIfAborted();
      const executor = PreparedProgram.create(device, program, plan, this.#weights, pipelines);
      if (this.#disposed) executor.dispose();
      else this.#executors.add(executor);
      const timing = { lowerMs, uploadMs, compileMs: clock() };
      const prepared = { program, plan, executor, timing, pipelines: pipelines.size };
      this.#newest = prepared;
      return prepared;
    });
  }
}

/** The graph with every value of known shape that its nodes make as an output. */
function keepAll(graph: TypedGraph): TypedGraph {
  const isKnown = (name: string) => graph.types.get(name)?.shape?.every((dim) => typeof dim === 'number') ?? false;
  const made = graph.nodes.flatMap((node) => node.outputs).filter((name) => name !== '' && isKnown(name));
  return { ...graph, outputs: [...new Set([...graph.outputs, ...made])] };
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

/** Algorithms whose sums err more than a chain of fp32 multiply-adds; `strict` does without them. */
const lossyAlgorithms = ['winograd'];

function allowedAlgorithms({ algorithms = {}, precision }: SessionOptions): NonNullable<SessionOptions['algorithms']> {
  if (precision !== 'strict') return algorithms;
  return { ...algorithms, forbid: [...(algorithms.forbid ?? []), ...lossyAlgorithms] };
}

function kernelsOf(program: Program): Kernel[] {
  return [...new Map(program.steps.map((step) => [step.kernel.code, step.kernel])).values()];
}

function encodeInputs(program: Program, feeds: Readonly<Record<string, Tensor>>): Map<string, Uint8Array> {
  return new Map(
    program.inputs.map(({ name, operand }) => {
      const feed = feeds[name];
      const stored = encodeStorage(feed.dataType, feed.data, operand.elementType);
      return [name, new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength)];
    }),
  );
}

function decodeOutput(value: ProgramValue, bytes: ArrayBuffer): Tensor {
  const { dataType, dims, operand } = value;
  return { dataType, dims, data: decodeStorage(bytes, elementCount(dims), operand.elementType, dataType) };
}
