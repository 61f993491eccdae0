import type { ElementType, TuningFile } from '@tessera/conv-kernels';
import type { DataType, Model } from '@tessera/onnx-loader';
import type {
  LayerExplanation,
  CheckedFeeds,
  Feeds,
  Precision,
  Profile,
  ProfileOptions,
  RunOptions,
  Session,
  SessionOptions,
  SessionReport,
  TuneOptions,
  ValueMetadata,
} from './api.js';
import { abortable } from './abortable.js';
import { bindSizes, checkSizes, symbolsOf } from './bind-sizes.js';
import type { GpuDevice } from './device/device.js';
import { GpuTensor } from './device/gpu-tensor.js';
import { TesseraError } from './errors.js';
import {
  GraphRunner,
  stageInputs,
  type GraphRunOptions,
  type RunObserver,
  type Stage,
} from './execution/graph-runner.js';
import { residentOf, type Resident } from './execution/resident.js';
import type { StageInput } from './execution/stage.js';
import type { TypedGraph, TypedNode, ValueType } from './graph.js';
import { importModel, statedType } from './passes/import-model.js';
import { understand } from './passes/index.js';
import { allNodes } from './passes/propagate.js';
import { joinPlans, joinPrograms } from './program/join.js';
import { explainChoice } from './program/choices.js';
import { storageType } from './program/storage.js';
import { ProgramCache, type Prepared } from './program-cache.js';
import { joinMarks, splitRun } from './profile.js';
import { layersOf, memoryReport, placementsOf } from './report.js';
import {
  allocateOutputs,
  askedOutputs,
  deliverOutputs,
  encodeInputs,
  planOutputs,
  requireLocation,
  requireOutputs,
  shapeFeeds,
  stageTensor,
  type ShapedFeeds,
} from './session-io.js';
import { requireCount } from './count.js';
import { timeLayers, timeStages } from './profile-run.js';
import { observe, runPlanned } from './session-run.js';
import type { Tensor, Value } from './tensor.js';

/** Options with defaults filled in, and the tuning file read. */
type OpenedOptions = Omit<SessionOptions, 'tuning'> & { readonly precision: Precision; readonly tuning?: TuningFile };

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
  const tuning = tuningObject(options.tuning);
  const graph = understand(model, options.keep === 'all' ? [] : options.keep);
  requireNodes(options.algorithms?.nodes ?? {}, model, graph);
  options.signal?.throwIfAborted();
  options.onProgress?.({ phase: 'load', done: 1, total: 1 });
  const loadMs = performance.now() - startedAt;
  const session = new GpuSession(model, graph, device, ownsDevice, { ...options, precision, tuning }, loadMs);
  const sizes = checkSizes(graph, options.dims ?? {});
  try {
    if (symbolsOf(graph).every((symbol) => sizes.has(symbol))) await abortable(session.prepare(), options.signal);
  } catch (error) {
    session.dispose();
    throw error;
  }
  return session;
}

/** Where nothing can be read from files, a tuning file must be given as such. */
function tuningObject(tuning: SessionOptions['tuning']): TuningFile | undefined {
  if (typeof tuning !== 'string') return tuning;
  throw new TesseraError('INVALID_INPUT', `tuning is "${tuning}"; a browser takes the object that the file holds`);
}

/** Throws INVALID_INPUT where an algorithm is asked for at a node that neither the file nor the graph made of it has. */
function requireNodes(asked: Readonly<Record<string, string>>, model: Model, graph: TypedGraph): void {
  if (Object.keys(asked).length === 0) return;
  const nodes = [...allNodes(importModel(model).nodes), ...allNodes(graph.nodes)];
  const names = new Set(nodes.map(({ name }) => name));
  const unknown = Object.keys(asked).find((name) => !names.has(name));
  if (unknown === undefined) return;
  const remedy = 'session.explain() gives the names of those that have a choice';
  throw new TesseraError('INVALID_INPUT', `algorithms.nodes names "${unknown}", which the model has not; ${remedy}`);
}

class GpuSession implements Session {
  readonly inputs: readonly ValueMetadata[];
  readonly outputs: readonly ValueMetadata[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly #programs: ProgramCache;
  readonly #runner: GraphRunner;
  /** The file's nodes, for the report. */
  readonly #nodes: readonly TypedNode[];
  /** Of the newest run or preparation. */
  #stages: RunObserver['stages'] = [];
  readonly #underWay = new Set<Promise<unknown>>();
  #disposed = false;

  constructor(
    readonly model: Model,
    readonly graph: TypedGraph,
    readonly device: GpuDevice,
    readonly ownsDevice: boolean,
    readonly options: OpenedOptions,
    readonly loadMs: number,
  ) {
    this.#programs = new ProgramCache(device, options);
    const runtime = { device, options, programs: this.#programs };
    this.#runner = new GraphRunner(graph, runtime, { unknownValues: 'specialize', keepAll: options.keep === 'all' });
    this.#nodes = allNodes(importModel(model).nodes);
    const metadata = (name: string, type?: ValueType): ValueMetadata => {
      const { dataType = 'float32', shape: dims, container } = type ?? {};
      if (container) return { name, dataType, container };
      return { name, dataType, dims, elementType: this.#elementType(dataType) };
    };
    this.inputs = graph.inputs.map((name) => metadata(name, graph.types.get(name)));
    this.outputs = model.graph.outputs.map((info) =>
      metadata(info.name, graph.types.get(info.name) ?? statedType(info)),
    );
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
    const made = this.#stages.flatMap(({ prepared }) => prepared ?? []);
    const program = joinPrograms(made.map((each) => each.program));
    const plan = joinPlans(made);
    const sum = (of: (each: Prepared) => number) => made.reduce((total, each) => total + of(each), 0);
    return {
      adapter: device.adapter,
      precision: this.options.precision,
      irVersion: model.irVersion,
      opsets: Object.fromEntries([...model.opsetImports].map(([domain, version]) => [domain || 'ai.onnx', version])),
      producer: [model.producerName, model.producerVersion].filter(Boolean).join(' '),
      loadMs: this.loadMs,
      lowerMs: sum(({ timing }) => timing.lowerMs),
      uploadMs: sum(({ timing }) => timing.uploadMs),
      compileMs: sum(({ timing }) => timing.compileMs),
      nodes: this.#stages.length > 0 ? sum(({ nodes }) => nodes) : this.graph.nodes.length,
      dispatches: program.steps.length,
      pipelines: sum(({ pipelines }) => pipelines),
      weightBytes: plan.weightBytes,
      activationBytes: plan.activationBytes,
      layers: layersOf(program).layers,
      placements: placementsOf(
        this.#nodes,
        this.#stages.map((stage) => stage.plan),
      ),
      memory: made.length > 0 ? memoryReport(program, plan) : undefined,
    };
  }

  explain(): readonly LayerExplanation[] {
    const programs = this.#stages.flatMap(({ prepared }) => prepared?.program ?? []);
    return programs.flatMap(({ nodes, choices }) =>
      choices.map(({ node, choice, options, forced }) => {
        const { name, opType, shape } = nodes[node];
        return { name, opType, shape, forced, candidates: explainChoice(choice, this.device.profile, options) };
      }),
    );
  }

  async prepare(dims: Readonly<Record<string, number>> = {}): Promise<void> {
    const stage = await this.#firstStage(dims);
    if (!stage) return;
    const prepared = stage.source && (await this.#programs.get(stage.source));
    this.#stages = [{ plan: stage.plan, prepared }];
  }

  /** What is run first with inputs of these sizes, with nothing known of their values. */
  async #firstStage(dims: Readonly<Record<string, number>>): Promise<Stage | undefined> {
    this.#requireAlive();
    const sizes = checkSizes(this.graph, { ...this.options.dims, ...dims });
    const unknown = symbolsOf(this.graph).filter((symbol) => !sizes.has(symbol));
    if (unknown.length > 0)
      throw new TesseraError('INVALID_INPUT', `sizes are needed for the dimensions ${unknown.join(', ')}`);
    await this.device.ready();
    const inputs = this.graph.inputs.map((name): [string, StageInput] => {
      const type = this.graph.types.get(name)!;
      const shape = type.shape?.map((dim) => (typeof dim === 'string' ? sizes.get(dim)! : dim));
      return [name, { type: { ...type, shape }, isOnHost: true }];
    });
    return this.#runner.stage(new Map(inputs));
  }

  async tune(options: TuneOptions = {}): Promise<TuningFile> {
    this.#requireTimestamps('kernels cannot be timed');
    const stage = await this.#firstStage(options.dims ?? {});
    if (!stage?.source) return this.#programs.tuning;
    return this.#track(this.#programs.tune(stage.source, options));
  }

  check(given: Feeds, { outputs }: Pick<RunOptions, 'outputs'> = {}): CheckedFeeds {
    this.#requireAlive();
    const feeds = shapeFeeds(this.graph, given, this.options.dims ?? {});
    const dims = Object.fromEntries(bindSizes(this.graph, feeds));
    const names = Array.isArray(outputs) ? (outputs as readonly string[]) : Object.keys(outputs ?? {});
    requireOutputs(names, this.graph.outputs);
    return { feeds, dims };
  }

  stageInput(name: string, dims: readonly number[]): Tensor {
    this.#requireAlive();
    const isWhole = this.#stages.length === 1 && this.#stages[0].plan.isWhole;
    return stageTensor(this.graph, name, dims, isWhole ? this.#programs.uploads : undefined);
  }

  run(feeds: Feeds, options: RunOptions & { readonly location: 'gpu' }): Promise<Record<string, GpuTensor>>;
  run(feeds: Feeds, options?: RunOptions): Promise<Record<string, Tensor>>;
  async run(feeds: Feeds, options: RunOptions = {}): Promise<Record<string, Tensor | GpuTensor>> {
    options.signal?.throwIfAborted();
    return abortable(this.#track(this.#run(feeds, options)), options.signal);
  }

  async #run(given: Feeds, options: RunOptions): Promise<Record<string, Tensor | GpuTensor>> {
    requireLocation(options);
    const { feeds, inputs } = await this.#accept(given);
    const stage = this.#runner.stage(stageInputs(inputs));
    if (stage?.plan.isWhole) return this.#runWhole(stage, feeds, options);
    return this.#runStaged(inputs, options);
  }

  /** Checks feeds, and waits for the device. */
  async #accept(given: Feeds): Promise<{ feeds: ShapedFeeds; inputs: ReadonlyMap<string, Resident> }> {
    this.#requireAlive();
    const feeds = shapeFeeds(this.graph, given, this.options.dims ?? {});
    bindSizes(this.graph, feeds);
    await this.device.ready();
    const inputs = this.graph.inputs.map(
      (name) => [name, residentOf(feeds[name], this.graph.types.get(name))] as const,
    );
    return { feeds, inputs: new Map(inputs) };
  }

  /** A run of one program, which writes into what the caller gave where it can. */
  async #runWhole(
    { plan, source }: Stage,
    feeds: ShapedFeeds,
    options: RunOptions,
  ): Promise<Record<string, Tensor | GpuTensor>> {
    let prepared = await this.#programs.get(source!);
    while (prepared.executor.isDisposed) prepared = await this.#programs.get(source!);
    this.#requireAlive();
    options.signal?.throwIfAborted();
    this.#stages = [{ plan, prepared }];
    const asked = planOutputs(this.device, prepared.program, this.outputs, options);
    const plans = options.location === 'gpu' ? allocateOutputs(this.device, asked) : asked;
    try {
      return await runPlanned(this.device, prepared, feeds, plans, options);
    } catch (error) {
      plans.forEach(({ into }, i) => into instanceof GpuTensor && into !== asked[i].into && into.dispose());
      throw error;
    }
  }

  /** A run that the host takes part in. */
  async #runStaged(
    inputs: ReadonlyMap<string, Resident>,
    options: RunOptions,
  ): Promise<Record<string, Tensor | GpuTensor>> {
    const asked = askedOutputs(this.outputs, options);
    const deliver = options.location === 'gpu' ? 'device' : 'host';
    const { values, owned } = await this.#runStages(inputs, options, {
      deliver,
      wanted: new Set(asked.map(([name]) => name)),
    });
    return deliverOutputs(this.device, asked, values, owned, deliver);
  }

  async runValues(given: Feeds, options: Pick<RunOptions, 'onTiming' | 'signal'> = {}): Promise<Record<string, Value>> {
    options.signal?.throwIfAborted();
    const run = async () => {
      const { inputs } = await this.#accept(given);
      const { values } = await this.#runStages(inputs, options, { deliver: 'host' });
      return Object.fromEntries(this.outputs.map(({ name }) => [name, values.get(name)!.host!]));
    };
    return abortable(this.#track(run()), options.signal);
  }

  async #runStages(
    inputs: ReadonlyMap<string, Resident>,
    { signal, onTiming }: Pick<RunOptions, 'onTiming' | 'signal'>,
    options: Pick<GraphRunOptions, 'deliver' | 'wanted'>,
  ) {
    const started = performance.now();
    const observer = observe(onTiming && 'whole');
    const results = await this.#runner.run(inputs, { ...options, signal, observer });
    this.#stages = observer.stages;
    onTiming?.(splitRun(joinMarks(observer.marks), observer.begun ?? started, performance.now()));
    return results;
  }

  async profile(feeds: Feeds, options: ProfileOptions = {}): Promise<Profile> {
    this.#requireTimestamps('layers cannot be timed');
    requireCount('runs', options.runs);
    requireCount('parts', options.parts);
    const accepted = await this.#accept(feeds);
    const stage = this.#runner.stage(stageInputs(accepted.inputs));
    if (!stage?.plan.isWhole) {
      const timed = await this.#track(timeStages(this.device, this.#runner, accepted.inputs, options));
      this.#stages = timed.stages;
      return timed.profile;
    }
    const prepared = await this.#programs.get(stage.source!);
    this.#stages = [{ plan: stage.plan, prepared }];
    const { program, executor } = prepared;
    const inputs = encodeInputs(this.device, program, accepted.feeds);
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

  #requireTimestamps(consequence: string): void {
    this.#requireAlive();
    if (this.device.hasTimestamps) return;
    throw new TesseraError(
      'UNSUPPORTED_DEVICE',
      `${this.device.adapter.name} has no timestamp queries, so ${consequence}`,
    );
  }

  #requireAlive(): void {
    if (this.#disposed) throw new TesseraError('DISPOSED', 'the session was disposed');
  }
}
