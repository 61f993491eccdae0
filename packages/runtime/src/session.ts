import type { ElementType } from '@tessera/conv-kernels';
import type { DataType, Model } from '@tessera/onnx-loader';
import type {
  CheckedFeeds,
  Feeds,
  Precision,
  Profile,
  ProfileOptions,
  RunOptions,
  Session,
  SessionOptions,
  SessionReport,
  ValueMetadata,
} from './api.js';
import { abortable } from './abortable.js';
import { bindSizes, checkSizes, symbolsOf } from './bind-sizes.js';
import type { GpuDevice } from './device/device.js';
import type { PreparedProgram, RunInputs, RunMarks, TimedSteps } from './device/executor.js';
import { GpuTensor } from './device/gpu-tensor.js';
import { TesseraError } from './errors.js';
import type { TypedGraph } from './graph.js';
import { understand } from './passes/index.js';
import { storageType } from './program/storage.js';
import type { Program, ProgramValue } from './program/types.js';
import { ProgramCache, type Prepared } from './program-cache.js';
import { splitRun, summarize } from './profile.js';
import { layersOf, memoryReport } from './report.js';
import {
  allocateOutputs,
  encodeInputs,
  hostResult,
  planOutputs,
  requireOutputs,
  shapeFeeds,
  writeConstants,
  type OutputPlan,
  type ShapedFeeds,
} from './session-io.js';
import type { Tensor } from './tensor.js';

/** A GPU runs at its idle clock until it has worked for about this long (milliseconds). */
const warmUpMs = 250;

const defaultProfileRuns = 5;

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
  options.signal?.throwIfAborted();
  options.onProgress?.({ phase: 'load', done: 1, total: 1 });
  const loadMs = performance.now() - startedAt;
  const session = new GpuSession(model, graph, device, ownsDevice, { ...options, precision }, loadMs);
  const sizes = checkSizes(graph, options.dims ?? {});
  try {
    if (symbolsOf(graph).every((symbol) => sizes.has(symbol))) await abortable(session.prepare(), options.signal);
  } catch (error) {
    session.dispose();
    throw error;
  }
  return session;
}

class GpuSession implements Session {
  readonly inputs: readonly ValueMetadata[];
  readonly outputs: readonly ValueMetadata[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly #programs: ProgramCache;
  readonly #underWay = new Set<Promise<unknown>>();
  #disposed = false;

  constructor(
    readonly model: Model,
    readonly graph: TypedGraph,
    readonly device: GpuDevice,
    readonly ownsDevice: boolean,
    readonly options: SessionOptions & { readonly precision: Precision },
    readonly loadMs: number,
  ) {
    this.#programs = new ProgramCache(graph, device, options);
    const metadata = (name: string): ValueMetadata => {
      const type = graph.types.get(name);
      const dataType = type?.dataType ?? 'float32';
      return { name, dataType, dims: type?.shape, elementType: this.#elementType(dataType) };
    };
    this.inputs = graph.inputs.map(metadata);
    this.outputs = model.graph.outputs.map(({ name }) => metadata(name));
    this.metadata = Object.fromEntries(model.metadata);
  }

  #elementType(dataType: DataType): ElementType | undefined {
    try {
      return storageType(dataType, 'f32', this.device.profile.hasF16);
    } catch {
      return undefined;
    }
  }

  get report(): SessionReport {
    const { model, device } = this;
    const { newest } = this.#programs;
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
      nodes: newest?.nodes ?? this.graph.nodes.length,
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
    await this.device.ready();
    await this.#programs.get(sizes);
  }

  check(given: Feeds, { outputs }: Pick<RunOptions, 'outputs'> = {}): CheckedFeeds {
    this.#requireAlive();
    const feeds = shapeFeeds(this.graph, given, this.options.dims ?? {});
    const dims = Object.fromEntries(bindSizes(this.graph, feeds));
    const names = Array.isArray(outputs) ? (outputs as readonly string[]) : Object.keys(outputs ?? {});
    requireOutputs(names, this.graph.outputs);
    return { feeds, dims };
  }

  run(feeds: Feeds, options: RunOptions & { readonly location: 'gpu' }): Promise<Record<string, GpuTensor>>;
  run(feeds: Feeds, options?: RunOptions): Promise<Record<string, Tensor>>;
  async run(feeds: Feeds, options: RunOptions = {}): Promise<Record<string, Tensor | GpuTensor>> {
    options.signal?.throwIfAborted();
    return abortable(this.#track(this.#run(feeds, options)), options.signal);
  }

  async #run(given: Feeds, options: RunOptions): Promise<Record<string, Tensor | GpuTensor>> {
    this.#requireAlive();
    const feeds = shapeFeeds(this.graph, given, this.options.dims ?? {});
    const sizes = bindSizes(this.graph, feeds);
    await this.device.ready();
    let prepared = await this.#programs.get(sizes);
    while (prepared.executor.isDisposed && !this.#disposed) prepared = await this.#programs.get(sizes);
    this.#requireAlive();
    options.signal?.throwIfAborted();
    const { program } = prepared;
    const asked = planOutputs(this.device, program, this.outputs, options);
    const plans = options.location === 'gpu' ? allocateOutputs(this.device, asked) : asked;
    try {
      return await runPlanned(this.device, prepared, feeds, plans, options);
    } catch (error) {
      plans.forEach(({ into }, i) => into instanceof GpuTensor && into !== asked[i].into && into.dispose());
      throw error;
    }
  }

  async profile(feeds: Feeds, options: ProfileOptions = {}): Promise<Profile> {
    this.#requireAlive();
    if (!this.device.hasTimestamps) {
      throw new TesseraError(
        'UNSUPPORTED_DEVICE',
        `${this.device.adapter.name} has no timestamp queries, so layers cannot be timed`,
      );
    }
    const shaped = shapeFeeds(this.graph, feeds, this.options.dims ?? {});
    await this.device.ready();
    const { program, executor } = await this.#programs.get(bindSizes(this.graph, shaped));
    const inputs = encodeInputs(this.device, program, shaped);
    return this.#track(timeLayers(this.device, program, executor, inputs, options));
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#programs.dispose();
    if (this.ownsDevice) this.device.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay);
    this.dispose();
  }

  #track<T>(run: Promise<T>): Promise<T> {
    const ended = run.finally(() => this.#underWay.delete(ended));
    this.#underWay.add(ended);
    return ended;
  }

  #requireAlive(): void {
    if (this.#disposed) throw new TesseraError('DISPOSED', 'the session was disposed');
  }
}

async function runPlanned(
  device: GpuDevice,
  { program, executor }: Prepared,
  feeds: ShapedFeeds,
  plans: readonly OutputPlan[],
  { onTiming }: RunOptions,
): Promise<Record<string, Tensor | GpuTensor>> {
  const started = performance.now();
  const inputs = encodeInputs(device, program, feeds);
  const targets = new Map<ProgramValue, GpuTensor['buffer']>();
  const read: ProgramValue[] = [];
  for (const { output, into } of plans) {
    if (!('operand' in output)) continue;
    if (into instanceof GpuTensor) targets.set(output, into.buffer);
    else read.push(output);
  }
  writeConstants(device, plans);
  const timed = onTiming !== undefined && device.hasTimestamps;
  const { bytes, marks } = await executor.run(inputs, read, { timed, targets });
  const result = (plan: OutputPlan) =>
    plan.into instanceof GpuTensor ? plan.into : hostResult(plan, bytes[read.indexOf(plan.output as ProgramValue)]);
  const results = Object.fromEntries(plans.map((plan) => [plan.output.name, result(plan)]));
  onTiming?.(splitRun(marks, started, performance.now()));
  return results;
}

async function timeLayers(
  device: GpuDevice,
  program: Program,
  executor: PreparedProgram,
  inputs: RunInputs,
  { runs = defaultProfileRuns, signal, onRun }: ProfileOptions,
): Promise<Profile> {
  if (device.adapter.kind === 'gpu') {
    const until = performance.now() + warmUpMs;
    while (performance.now() < until) await executor.run(inputs, []);
  }
  const samples = { steps: [] as TimedSteps[], wholes: [] as RunMarks[] };
  for (let i = 0; i < runs && !(signal?.aborted && i > 0); i++) {
    samples.wholes.push((await executor.run(inputs, [], { timed: true })).marks);
    samples.steps.push(await executor.time(inputs));
    onRun?.(i + 1, runs);
  }
  device.check();
  return summarize(program, samples);
}
