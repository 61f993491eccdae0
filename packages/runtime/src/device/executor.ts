import { TesseraError } from '../errors.js';
import type { MemoryPlan } from '../program/plan-memory.js';
import { byteSize } from '../program/layout.js';
import { elementCount } from '../passes/constants.js';
import type { Program, ProgramValue } from '../program/types.js';
import type { GpuDevice } from './device.js';
import { dispatch, prepareSteps, roundUp, type PreparedStep } from './prepared-steps.js';
import { GpuTensor, storedBytes } from './gpu-tensor.js';
import { ReadBackPool } from './read-back-pool.js';
import { requireFinite } from '../program/checks.js';
import { isPacked } from '../program/storage.js';
import { passesOf, stepsOfPart, type StepRange, type TimedPart } from './timed-parts.js';
import { passesPerSet, Timestamps, type PassSpan } from './timestamps.js';
import { bufferUsage, mapRead } from './usage.js';
import type { Staging, UploadPool } from './upload-pool.js';
import type { WeightStore } from './weight-store.js';

/** Where each read-back output lies in a run's staging buffer. */
interface OutputRange {
  readonly value: ProgramValue;
  readonly offset: number;
  readonly byteLength: number;
}

/** When the parts of a run ended, by performance.now(), and what the GPU's own clock said. */
export interface RunMarks {
  readonly start: number;
  readonly uploaded: number;
  readonly submitted: number;
  /** The results are on the host, not yet copied out. */
  readonly mapped: number;
  readonly end: number;
  /** From before the first to after the last dispatch; only where it was asked for. */
  readonly gpu?: PassSpan;
}

/** A run of which a part of the steps was timed one by one. */
export interface TimedSteps {
  /** In the order of the program's steps; undefined for those not timed. */
  readonly steps: readonly (PassSpan | undefined)[];
  /** One for each set of queries, with the time on the GPU from its first pass to its last. */
  readonly submissions: readonly (RunMarks & { readonly gpu: PassSpan })[];
}

/** By name: bytes, a staging buffer filled with them, which the run takes, or a tensor on the GPU. */
export type RunInputs = ReadonlyMap<string, Uint8Array | Staging | GpuTensor>;

export interface ExecuteOptions {
  readonly timed?: boolean;
  /** Buffers that outputs are copied into. */
  readonly targets?: ReadonlyMap<ProgramValue, GPUBuffer>;
}

const noTargets: ReadonlyMap<ProgramValue, GPUBuffer> = new Map();

/**
 * A program on a device: buffers allocated, bind groups made, pipelines compiled. A run writes the inputs, records one
 * pass, submits once and maps the outputs; it allocates nothing but the first staging buffers. Runs may overlap: the
 * queue keeps them in order, and each has a staging buffer of its own. While the GPU works, a run records the steps of the next
 * one, so that from the third run on little is left to do between the inputs and the submission. What was recorded is submitted
 * in two parts: the GPU starts on the first while the driver makes its own commands of the second.
 */
export class PreparedProgram {
  readonly #device: GpuDevice;
  /** The device's own, at the time; after a loss the device has another, and this program is void. */
  readonly #gpu: GPUDevice;
  readonly #program: Program;
  readonly #owned: GPUBuffer[];
  readonly #buffers: readonly GPUBuffer[];
  readonly #steps: readonly PreparedStep[];
  readonly #readBacks: ReadBackPool;
  readonly #idleTimestamps: Timestamps[] = [];
  /** The steps of a run to come, in the parts they are submitted in. */
  #recorded: readonly GPUCommandBuffer[] | undefined;
  #hasRun = false;
  #running = 0;
  #retired = false;
  #disposed = false;

  private constructor(
    device: GpuDevice,
    program: Program,
    owned: GPUBuffer[],
    buffers: GPUBuffer[],
    steps: PreparedStep[],
    /** What it writes its inputs through. */
    readonly uploads: UploadPool,
  ) {
    this.#device = device;
    this.#gpu = device.gpu;
    this.#readBacks = new ReadBackPool(device);
    this.#program = program;
    this.#owned = owned;
    this.#buffers = buffers;
    this.#steps = steps;
  }

  /** Allocates and binds; `pipelines` are those of the steps, compiled already, and `uploads` what the session's programs share. */
  static create(
    device: GpuDevice,
    program: Program,
    plan: MemoryPlan,
    weights: WeightStore,
    pipelines: ReadonlyMap<string, GPUComputePipeline>,
    uploads: UploadPool,
  ): PreparedProgram {
    const owned: GPUBuffer[] = [];
    const own = (byteLength: number, usage: number, label: string) => {
      const buffer = device.createBuffer(byteLength, usage, label);
      owned.push(buffer);
      return buffer;
    };
    try {
      const allocations = plan.allocations.map((bytes, i) => own(bytes, bufferUsage.activation, `activation ${i}`));
      const spare = () => own(16, bufferUsage.activation, 'unused');
      const buffers = program.buffers.map((slot, i) => {
        if (slot.weight) return weights.get(slot.weight.key);
        if (slot.kind === 'input') return own(slot.byteLength, bufferUsage.input, 'input');
        const place = plan.placement[i];
        return place === undefined ? spare() : allocations[place];
      });
      const steps = prepareSteps(device, program, buffers, pipelines, own);
      return new PreparedProgram(device, program, owned, buffers, steps, uploads);
    } catch (error) {
      for (const buffer of owned) device.destroyBuffer(buffer);
      throw error;
    }
  }

  /** Whether each run counts what is not finite, so that something is always read back. */
  get isChecked(): boolean {
    return this.#program.checks !== undefined;
  }

  /** Whether no run is under way. */
  get isIdle(): boolean {
    return this.#running === 0;
  }

  /** Whether its buffers are gone. */
  get isDisposed(): boolean {
    return this.#disposed;
  }

  /**
   * Writes the inputs (as their buffers store them, or copies of tensors on the GPU), runs, copies outputs into
   * `targets` and returns the bytes of the other outputs asked for. `timed`: a pair of timestamps stands around the dispatches; the device must have them.
   */
  async run(
    inputs: RunInputs,
    outputs: readonly ProgramValue[],
    options: ExecuteOptions = {},
  ): Promise<{ readonly bytes: ArrayBuffer[]; readonly marks: RunMarks }> {
    this.#requireDevice();
    this.#running += 1;
    try {
      return await this.#run(inputs, outputs, options);
    } finally {
      this.#running -= 1;
      if (this.#retired) this.retire();
    }
  }

  async #run(
    inputs: RunInputs,
    outputs: readonly ProgramValue[],
    { timed = false, targets = noTargets }: ExecuteOptions,
  ): Promise<{ readonly bytes: ArrayBuffer[]; readonly marks: RunMarks }> {
    const gpu = this.#gpu;
    const start = performance.now();
    let encoder = gpu.createCommandEncoder();
    const skipped = this.#writeInputs(inputs, encoder);
    const uploaded = performance.now();
    const { checks } = this.#program;
    const { ranges, total } = layOut(checks ? [...outputs, checks.counts] : outputs);
    const timestamps = timed ? this.#takeTimestamps() : undefined;
    const staging = this.#readBacks.take(total + (timestamps?.byteLength ?? 0));
    const isPlain = !timed && ![...inputs.values()].some((content) => content instanceof GpuTensor);
    const recorded = isPlain ? this.#takeRecorded() : undefined;
    const rest = recorded?.slice(1) ?? [];
    if (recorded) {
      gpu.queue.submit([encoder.finish(), recorded[0]]);
      encoder = gpu.createCommandEncoder();
    } else this.#encodeSteps(encoder, this.#without(skipped), timestamps?.writes(0));
    this.#copyOut(encoder, targets);
    for (const { value, offset, byteLength } of ranges) {
      encoder.copyBufferToBuffer(this.#buffers[value.operand.buffer], 0, staging, offset, roundUp(byteLength, 4));
    }
    timestamps?.resolve(encoder, staging, total);
    gpu.queue.submit([...rest, encoder.finish()]);
    this.uploads.submitted();
    const submitted = performance.now();
    try {
      if (isPlain) this.#recordAhead();
      await staging.mapAsync(mapRead);
      const mapped = performance.now();
      this.#device.check();
      const range = staging.getMappedRange();
      const bytes = ranges.map(({ offset, byteLength }) => range.slice(offset, offset + byteLength));
      const gpuTimes = timestamps?.read(range, total)[0];
      staging.unmap();
      if (checks) requireFinite(this.#program, checks, bytes.pop()!);
      this.#device.succeeded();
      return { bytes, marks: { start, uploaded, submitted, mapped, end: performance.now(), gpu: gpuTimes } };
    } catch (error) {
      throw await this.#failure(error);
    } finally {
      this.#readBacks.putBack(staging);
      if (timestamps) this.#returnTimestamps(timestamps);
    }
  }

  /** As `run` without outputs to read: nothing waits for the device. */
  advance(inputs: RunInputs, targets: ReadonlyMap<ProgramValue, GPUBuffer>): void {
    this.#requireDevice();
    const encoder = this.#gpu.createCommandEncoder();
    this.#encodeSteps(encoder, this.#without(this.#writeInputs(inputs, encoder)));
    this.#copyOut(encoder, targets);
    this.#gpu.queue.submit([encoder.finish()]);
    this.uploads.submitted();
  }

  #without(skipped: ReadonlySet<number>): readonly PreparedStep[] {
    return skipped.size === 0 ? this.#steps : this.#steps.filter((_, i) => !skipped.has(i));
  }

  /** Records steps as one pass. */
  #encodeSteps(
    encoder: GPUCommandEncoder,
    steps: readonly PreparedStep[],
    timestampWrites?: GPUComputePassTimestampWrites,
  ): void {
    const pass = encoder.beginComputePass({ timestampWrites });
    let pipeline: GPUComputePipeline | undefined;
    for (const step of steps) {
      dispatch(pass, step, pipeline);
      pipeline = step.pipeline;
    }
    pass.end();
  }

  #takeRecorded(): readonly GPUCommandBuffer[] | undefined {
    const recorded = this.#recorded;
    this.#recorded = undefined;
    return recorded;
  }

  /** Records the steps for the next run, unless this is the first run and may be the only one. */
  #recordAhead(): void {
    if (this.#hasRun && !this.#recorded && !this.#retired) {
      const first = Math.ceil(firstShare * this.#steps.length);
      this.#recorded = [this.#steps.slice(0, first), this.#steps.slice(first)].map((steps) => {
        const encoder = this.#gpu.createCommandEncoder();
        this.#encodeSteps(encoder, steps);
        return encoder.finish();
      });
    }
    this.#hasRun = true;
  }

  /** Records copies of outputs into `targets`. */
  #copyOut(encoder: GPUCommandEncoder, targets: ReadonlyMap<ProgramValue, GPUBuffer>): void {
    for (const [value, target] of targets) {
      const source = this.#buffers[value.operand.buffer];
      encoder.copyBufferToBuffer(source, 0, target, 0, roundUp(valueBytes(value), 4));
    }
  }

  #requireDevice(): void {
    this.#device.check();
    if (this.#device.gpu !== this.#gpu) throw new TesseraError('DEVICE_LOST', 'the GPU device was lost before the run');
  }

  async #failure(error: unknown): Promise<unknown> {
    if (this.#disposed) return new TesseraError('DISPOSED', 'the session was disposed during the run');
    return this.#device.failure(this.#gpu, error);
  }

  /** Runs once with each step of the part in a pass of its own, and the others in the passes before and after. */
  async time(inputs: RunInputs, part: TimedPart): Promise<TimedSteps> {
    this.#requireDevice();
    const start = performance.now();
    const encoder = this.#gpu.createCommandEncoder();
    this.#writeInputs(inputs, encoder);
    const { first, end } = stepsOfPart(part, this.#steps.length);
    const passes = passesOf(part, this.#steps.length);
    const spans: PassSpan[] = [];
    const submissions: TimedSteps['submissions'][number][] = [];
    for (let at = 0; at < passes.length; at += passesPerSet) {
      const from = submissions.at(-1);
      const timed = await this.#timePasses(
        passes.slice(at, at + passesPerSet),
        from?.end ?? start,
        from ? this.#gpu.createCommandEncoder() : encoder,
      );
      spans.push(...timed.spans);
      submissions.push(timed.marks);
    }
    const steps: (PassSpan | undefined)[] = this.#steps.map(() => undefined);
    passes.forEach((pass, i) => {
      if (pass.first >= first && pass.end <= end) steps[pass.first] = spans[i];
    });
    return { steps, submissions };
  }

  async #timePasses(passes: readonly StepRange[], start: number, encoder: GPUCommandEncoder) {
    this.#requireDevice();
    const uploaded = performance.now();
    const timestamps = new Timestamps(this.#device, passes.length);
    const staging = this.#readBacks.take(timestamps.byteLength);
    passes.forEach(({ first, end }, i) =>
      this.#encodeSteps(encoder, this.#steps.slice(first, end), timestamps.writes(i)),
    );
    timestamps.resolve(encoder, staging, 0);
    this.#gpu.queue.submit([encoder.finish()]);
    this.uploads.submitted();
    const submitted = performance.now();
    try {
      await staging.mapAsync(mapRead);
      const mapped = performance.now();
      const spans = timestamps.read(staging.getMappedRange(), 0);
      staging.unmap();
      const gpu = { begin: spans[0].begin, end: spans.at(-1)!.end };
      return { spans, marks: { start, uploaded, submitted, mapped, end: performance.now(), gpu } };
    } catch (error) {
      throw await this.#failure(error);
    } finally {
      this.#readBacks.putBack(staging);
      timestamps.dispose();
    }
  }

  /** The conversions that are not to run, since their inputs came as the nodes read them. */
  #writeInputs(inputs: RunInputs, encoder: GPUCommandEncoder): ReadonlySet<number> {
    const skipped = new Set<number>();
    for (const { name, dims, wire, buffer, operand, conversion } of this.#program.inputs) {
      const content = inputs.get(name)!;
      if (!(content instanceof GpuTensor)) {
        this.uploads.write(encoder, this.#buffers[buffer], content);
        continue;
      }
      const target = isPacked(wire) ? operand.buffer : buffer;
      encoder.copyBufferToBuffer(
        content.buffer,
        0,
        this.#buffers[target],
        0,
        roundUp(storedBytes(dims, content.elementType), 4),
      );
      if (isPacked(wire) && conversion !== undefined) skipped.add(conversion);
    }
    return skipped;
  }

  #takeTimestamps(): Timestamps {
    return this.#idleTimestamps.pop() ?? new Timestamps(this.#device, 1);
  }

  #returnTimestamps(timestamps: Timestamps): void {
    if (this.#disposed) timestamps.dispose();
    else this.#idleTimestamps.push(timestamps);
  }

  /** Disposes when the last run under way has ended. */
  retire(): void {
    this.#retired = true;
    if (this.#running === 0) this.dispose();
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#recorded = undefined;
    for (const buffer of this.#owned) this.#device.destroyBuffer(buffer);
    for (const timestamps of this.#idleTimestamps) timestamps.dispose();
    this.#readBacks.dispose();
  }
}

/** Of the steps, what goes to the GPU ahead of the others: work for about as long as the driver takes for the others. */
const firstShare = 0.2;

function valueBytes(value: ProgramValue): number {
  return elementCount(value.dims) * byteSize(value.operand.elementType);
}

function layOut(outputs: readonly ProgramValue[]): { ranges: OutputRange[]; total: number } {
  let total = 0;
  const ranges = outputs.map((value) => {
    const byteLength = valueBytes(value);
    const range = { value, offset: total, byteLength };
    total += roundUp(byteLength, 16);
    return range;
  });
  return { ranges, total };
}
