import { GpuTensor } from '../device/gpu-tensor.js';
import type { RunMarks, TimedSteps } from '../device/executor.js';
import type { TimedPart } from '../device/timed-parts.js';
import { asTesseraError, TesseraError } from '../errors.js';
import type { TypedGraph } from '../graph.js';
import { elementCount, hostTensor } from '../passes/constants.js';
import type { Prepared, ProgramSource } from '../program-cache.js';
import { decodeStorage, encodeWire } from '../program/storage.js';
import type { ProgramInput, ProgramValue } from '../program/types.js';
import { isTensor, type Tensor } from '../tensor.js';
import { HostRunner } from './host-runner.js';
import { residentOf, type Resident } from './resident.js';
import type { Runtime } from './runtime.js';
import { planStage, type StageInput, type StageOptions, type StagePlan } from './stage.js';

/** Stages kept of one graph, for different shapes and contents of its inputs; the least recently used goes. */
const maxStages = 8;

let stageCount = 0;

/** A stage, what its host steps run, and the runner of what is left. */
export interface Stage {
  readonly plan: StagePlan;
  readonly source?: ProgramSource;
  readonly host: HostRunner;
  readonly rest?: GraphRunner;
}

/** What a caller may see of a run: the stages as they come, their times where `timing` asks for them, and those of a part of each one's steps. */
export interface RunObserver {
  readonly timing?: 'whole' | TimedPart;
  /** When the first program was there and its work began. */
  begun?: number;
  readonly stages: { readonly plan: StagePlan; readonly prepared?: Prepared }[];
  readonly marks: RunMarks[];
  readonly steps: TimedSteps[];
}

export interface GraphRunOptions {
  /** Where results are wanted; what the host made stays there. */
  readonly deliver: 'host' | 'device';
  /** Results to read back; all without it. */
  readonly wanted?: ReadonlySet<string>;
  readonly signal?: AbortSignal;
  readonly observer?: RunObserver;
}

/** Results by name, and the tensors on the device among them that are the caller's to dispose. */
export interface GraphResults {
  readonly values: ReadonlyMap<string, Resident>;
  readonly owned: readonly GpuTensor[];
}

/** Runs a graph stage by stage: each stage is planned when the types of its inputs are known, and kept for the next run. */
export class GraphRunner {
  readonly #stages = new Map<string, Stage>();
  readonly #valueInputs = new Set<string>();
  /** Whether a stage was met for which it matters where the inputs lie. */
  #hasHostWork = false;

  constructor(
    readonly graph: TypedGraph,
    readonly runtime: Runtime,
    readonly options: StageOptions,
  ) {}

  /** The first stage for these inputs; undefined where it hangs on contents of them that are not known yet. */
  stage(inputs: ReadonlyMap<string, StageInput>): Stage | undefined {
    const known = this.#key(inputs);
    const kept = known === undefined ? undefined : this.#stages.get(known);
    if (kept) {
      this.#stages.delete(known!);
      this.#stages.set(known!, kept);
      return kept;
    }
    const plan = this.#plan(inputs);
    if (!plan) return undefined;
    plan.valueInputs.forEach((name) => this.#valueInputs.add(name));
    this.#hasHostWork ||= !plan.isWhole || plan.valueInputs.size > 0;
    const stage = this.#make(plan);
    this.#stages.set(this.#key(inputs)!, stage);
    if (this.#stages.size > maxStages) this.#stages.delete(this.#stages.keys().next().value!);
    return stage;
  }

  async run(inputs: ReadonlyMap<string, Resident>, options: GraphRunOptions): Promise<GraphResults> {
    const stage = this.stage(stageInputs(inputs));
    if (!stage) throw new TesseraError('INTERNAL', 'a stage needs contents of an input that are not there');
    const values = new Map(inputs);
    const owned = new Set<GpuTensor>();
    try {
      const results = new Map(await this.#runStage(stage, values, owned, options));
      for (const name of this.#outputs(stage)) {
        const value = values.get(name);
        if (value && !results.has(name)) results.set(name, value);
      }
      const kept = new Set([...results.values()].map(({ device }) => device));
      const given = [...owned].filter((tensor) => kept.has(tensor));
      given.forEach((tensor) => owned.delete(tensor));
      return { values: results, owned: given };
    } finally {
      for (const tensor of owned) tensor.dispose();
    }
  }

  #outputs({ plan }: Stage): readonly string[] {
    if (!this.options.keepAll) return this.graph.outputs;
    return [...this.graph.outputs, ...(plan.segment?.outputs ?? []), ...plan.host.flatMap(({ node }) => node.outputs)];
  }

  /** Fills `values` with what the stage makes, and returns the results of the stages after it. */
  async #runStage(
    stage: Stage,
    values: Map<string, Resident>,
    owned: Set<GpuTensor>,
    options: GraphRunOptions,
  ): Promise<ReadonlyMap<string, Resident>> {
    const { plan, source, host, rest } = stage;
    for (const name of this.graph.outputs) {
      const constant = plan.constants.get(name);
      if (constant) values.set(name, residentOf(hostTensor(constant)));
    }
    const { programs } = this.runtime;
    let prepared = source && (await programs.get(source));
    while (prepared?.executor.isDisposed) prepared = await programs.get(source!);
    options.signal?.throwIfAborted();
    if (options.observer) options.observer.begun ??= performance.now();
    options.observer?.stages.push({ plan, prepared });
    if (prepared) await this.#runSegment(plan, prepared, values, owned, options);
    await fetch(plan.fetched, values);
    options.signal?.throwIfAborted();
    await host.run(values, owned, options);
    if (options.deliver === 'host') {
      await fetch(new Set(this.#outputs(stage).filter((name) => this.#isWanted(name, options))), values);
    }
    if (!rest) return new Map();
    const inputs = new Map(rest.graph.inputs.map((name) => [name, required(values, name)]));
    const results = await rest.run(inputs, options);
    results.owned.forEach((tensor) => owned.add(tensor));
    return results.values;
  }

  async #runSegment(
    plan: StagePlan,
    { program, executor }: Prepared,
    values: Map<string, Resident>,
    owned: Set<GpuTensor>,
    options: GraphRunOptions,
  ): Promise<void> {
    const inputs = new Map(program.inputs.map((input) => [input.name, encoded(input, required(values, input.name))]));
    const made = program.outputs.filter((output): output is ProgramValue => 'operand' in output);
    const isRead = ({ name }: ProgramValue) =>
      plan.fetched.has(name) || (options.deliver === 'host' && this.#isWanted(name, options));
    const read = made.filter(isRead);
    const targets = new Map<ProgramValue, GpuTensor['buffer']>();
    for (const value of made.filter(({ name }) => this.#isUsedLater(plan, name, options))) {
      const { name, dataType, dims, operand } = value;
      const tensor = GpuTensor.allocate(this.runtime.device, dataType, dims, operand.elementType);
      owned.add(tensor);
      targets.set(value, tensor.buffer);
      values.set(name, residentOf(tensor));
    }
    const { observer } = options;
    const timing = observer?.timing;
    if (typeof timing === 'object') observer?.steps.push(await executor.time(inputs, timing));
    const timed = timing !== undefined && this.runtime.device.hasTimestamps;
    if (read.length === 0 && !timed && !executor.isChecked) return executor.advance(inputs, targets);
    const { bytes, marks } = await executor.run(inputs, read, { timed, targets });
    observer?.marks.push(marks);
    read.forEach((value, i) => {
      const { device } = values.get(value.name) ?? {};
      values.set(value.name, { ...residentOf(decoded(value, bytes[i])), device });
    });
  }

  #isWanted(name: string, { wanted }: GraphRunOptions): boolean {
    const isOutput = this.options.keepAll || this.graph.outputs.includes(name);
    return isOutput && (!wanted || wanted.has(name));
  }

  /** Whether a value stays on the device: for the stages after this one, for graphs of host steps, or as a result. */
  #isUsedLater(plan: StagePlan, name: string, options: GraphRunOptions): boolean {
    if (plan.rest?.inputs.includes(name)) return true;
    if (plan.host.some(({ node }) => node.subgraphs && node.inputs.includes(name))) return true;
    return options.deliver === 'device' && this.#isWanted(name, options);
  }

  #plan(inputs: ReadonlyMap<string, StageInput>): StagePlan | undefined {
    try {
      return planStage(this.graph, inputs, this.#valueInputs, this.options);
    } catch (error) {
      throw asTesseraError(error);
    }
  }

  #make(plan: StagePlan): Stage {
    if (this.runtime.options.strict) refuseHostSteps(plan);
    const { segment, isWhole } = plan;
    const source = segment && { key: `stage ${stageCount++}`, kind: isWhole ? 'whole' : 'part', graph: segment };
    const rest = plan.rest && new GraphRunner(plan.rest, this.runtime, this.options);
    return { plan, source: source as ProgramSource | undefined, rest, host: new HostRunner(plan, this.runtime) };
  }

  /** What tells one stage from another: types, where inputs lie, and the contents that decide shapes; undefined where those are not known. */
  #key(inputs: ReadonlyMap<string, StageInput>): string | undefined {
    const parts: string[] = [];
    for (const name of this.graph.inputs) {
      const { type, isOnHost, value } = inputs.get(name)!;
      parts.push(`${type.dataType}${type.container ?? ''}[${type.shape ?? '?'}]`);
      if (this.#hasHostWork) parts.push(isOnHost ? 'host' : 'device');
      if (!isOnHost || !this.#valueInputs.has(name)) continue;
      if (value === undefined) return undefined;
      if (isTensor(value)) parts.push(JSON.stringify(Array.from<unknown>(value.data).map(String)));
    }
    return parts.join(';');
  }
}

/** What planning may know of values that are there. */
export function stageInputs(values: ReadonlyMap<string, Resident>): ReadonlyMap<string, StageInput> {
  return new Map(
    [...values].map(([name, { type, host }]) => [name, { type, isOnHost: host !== undefined, value: host }]),
  );
}

/** Throws where a stage has work for the host that is not arithmetic on shapes. */
function refuseHostSteps({ host }: StagePlan): void {
  const steps = host.filter(({ isShapeArithmetic }) => !isShapeArithmetic);
  if (steps.length === 0) return;
  const list = steps.map(({ node, reason }) => `"${node.name}" (${node.opType}: ${reason})`).join(', ');
  const message = `strict: nodes would run on the CPU: ${list}`;
  throw new TesseraError('UNSUPPORTED_OPERATOR', message, { node: steps[0].node.name });
}

function required(values: ReadonlyMap<string, Resident>, name: string): Resident {
  const value = values.get(name);
  if (value) return value;
  throw new TesseraError('INTERNAL', `value "${name}" is used before it is made`);
}

function encoded({ wire }: ProgramInput, { host, device }: Resident): Uint8Array | GpuTensor {
  if (device) return device;
  const { dataType, data } = host as Tensor;
  return encodeWire(dataType, data, wire);
}

function decoded({ dataType, dims, operand }: ProgramValue, bytes: ArrayBuffer): Tensor {
  return { dataType, dims, data: decodeStorage(bytes, elementCount(dims), operand.elementType, dataType) };
}

/** Reads values back that lie on the device alone. */
async function fetch(names: ReadonlySet<string>, values: Map<string, Resident>): Promise<void> {
  for (const name of names) {
    const value = values.get(name);
    if (value?.device && value.host === undefined) values.set(name, { ...value, host: await value.device.download() });
  }
}
