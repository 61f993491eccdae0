import type { Ceilings, DeviceProfile } from '@tessera/conv-kernels';
import type { AdapterReport, Device } from '../api.js';
import { TesseraError } from '../errors.js';
import { BackOff } from './back-off.js';
import { PipelineCache } from './pipelines.js';
import { deviceProfile } from './profile.js';

const wantedFeatures = [
  'shader-f16',
  'subgroups',
  'subgroup-size-control',
  'timestamp-query',
  'chromium-experimental-subgroup-matrix',
] as const;

const wantedLimits = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxUniformBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY',
  'maxComputeWorkgroupSizeZ',
  'maxComputeWorkgroupsPerDimension',
] as const satisfies readonly (keyof GPUSupportedLimits)[];

/** A GPU device as it was opened, and what was opened on it; a lost one is replaced whole. */
interface Opened {
  readonly gpu: GPUDevice;
  readonly adapter: AdapterReport;
  readonly profile: DeviceProfile;
  readonly pipelines: PipelineCache;
  readonly buffers: Set<GPUBuffer>;
}

/** A holder of GPU memory that can do without it for a while. */
export interface Evictable {
  /** When what it would let go of was last used (performance.now()); undefined where there is nothing to let go of. */
  idleSince(): number | undefined;
  /** Lets go of what was used least recently. */
  evict(): void;
}

/**
 * A device and what is shared on it: compiled pipelines, and the live buffers. When the GPU is lost, `ready` opens it
 * anew; what was made on the old one is gone, and its makers notice by `gpu`, which is another object then.
 */
export class GpuDevice implements Device {
  #opened: Opened;
  readonly #open: () => Promise<Opened>;
  readonly #backOff = new BackOff();
  readonly #evictables = new Set<Evictable>();
  #bytes = 0;
  #peakBytes = 0;
  #failure: TesseraError | undefined;
  #renewal: Promise<void> | undefined;
  #disposed = false;
  #guarded: Promise<void> = Promise.resolve();
  readonly #onError = (event: GPUUncapturedErrorEvent) => {
    this.#failure ??= gpuError(event.error);
  };

  /** `memoryBudget`: bytes of live buffers beyond which idle ones are evicted and new ones refused. */
  constructor(
    opened: Opened,
    open: () => Promise<Opened>,
    readonly memoryBudget: number,
  ) {
    this.#open = open;
    this.#opened = opened;
    this.#watch(opened);
  }

  get gpu(): GPUDevice {
    return this.#opened.gpu;
  }

  get adapter(): AdapterReport {
    return this.#opened.adapter;
  }

  get profile(): DeviceProfile {
    return this.#opened.profile;
  }

  get pipelines(): PipelineCache {
    return this.#opened.pipelines;
  }

  get memory(): Device['memory'] {
    return { buffers: this.#opened.buffers.size, bytes: this.#bytes, peakBytes: this.#peakBytes };
  }

  get health(): Device['health'] {
    if (this.#failure?.code !== 'DEVICE_LOST') return 'ready';
    return this.#backOff.isUnhealthy ? 'unhealthy' : 'lost';
  }

  get hasTimestamps(): boolean {
    return this.gpu.features.has('timestamp-query');
  }

  #watch(opened: Opened): void {
    opened.gpu.addEventListener('uncapturederror', this.#onError);
    void opened.gpu.lost.then((lost) => {
      if (this.#disposed || this.#opened !== opened) return;
      opened.gpu.removeEventListener('uncapturederror', this.#onError);
      opened.pipelines.clear();
      opened.buffers.clear();
      this.#bytes = 0;
      this.#backOff.failed();
      this.#failure = new TesseraError('DEVICE_LOST', `the GPU device was lost: ${lost.message || lost.reason}`);
    });
  }

  /** Throws what went wrong since: a lost device until it is opened anew, any other GPU error once. */
  check(): void {
    if (this.#disposed) throw new TesseraError('DISPOSED', 'the device was disposed');
    const failure = this.#failure;
    if (failure?.code !== 'DEVICE_LOST') this.#failure = undefined;
    if (failure) throw failure;
  }

  /** Waits until the device can be used: at once, or when it was opened anew after a loss. Throws as `check` does. */
  async ready(): Promise<void> {
    if (this.#disposed || this.#failure?.code !== 'DEVICE_LOST') return this.check();
    this.#renewal ??= this.#renew().finally(() => (this.#renewal = undefined));
    await this.#renewal;
  }

  /** Opens the device anew when what was being prepared on the lost one has failed, after a pause if losses repeat. */
  async #renew(): Promise<void> {
    const turn = this.#guarded.then(async () => {
      await this.#backOff.pause();
      if (this.#disposed) return;
      try {
        const opened = await this.#open();
        this.#opened = opened;
        this.#failure = undefined;
        this.#watch(opened);
      } catch (cause) {
        this.#backOff.failed();
        throw new TesseraError('DEVICE_LOST', 'the GPU device was lost and cannot be opened anew yet', { cause });
      }
    });
    this.#guarded = turn.catch(() => {});
    await turn;
    this.check();
  }

  /** What is told of a rejected promise of `gpu`'s: the loss of the device where that is behind it. */
  async failure(gpu: GPUDevice, error: unknown): Promise<unknown> {
    await Promise.race([gpu.lost, new Promise((resolve) => setTimeout(resolve, lossNoticeMs))]);
    try {
      this.check();
    } catch (failure) {
      return failure;
    }
    if (gpu !== this.gpu) return new TesseraError('DEVICE_LOST', 'the GPU device was lost during the run');
    return error;
  }

  /** Takes note that work was done, so that an earlier loss counts as overcome. */
  succeeded(): void {
    this.#backOff.succeeded();
  }

  /** Lets `evictable` be asked for memory; returns how to end that. */
  register(evictable: Evictable): () => void {
    this.#evictables.add(evictable);
    return () => void this.#evictables.delete(evictable);
  }

  /**
   * Makes room for `byteLength` bytes within the budget by evicting what was idle longest.
   * @throws TesseraError OUT_OF_MEMORY where that does not suffice.
   */
  reserve(byteLength: number, what: string): void {
    while (this.#bytes + byteLength > this.memoryBudget) {
      const idle = [...this.#evictables].filter((e) => e.idleSince() !== undefined);
      idle.sort((a, b) => a.idleSince()! - b.idleSince()!);
      if (idle.length > 0) idle[0].evict();
      else {
        throw new TesseraError(
          'OUT_OF_MEMORY',
          `${what} needs ${byteLength} bytes on the GPU; the budget is ${this.memoryBudget}, of which ${this.#bytes} are in use`,
        );
      }
    }
  }

  createBuffer(byteLength: number, usage: GPUBufferUsageFlags, label: string, mappedAtCreation = false): GPUBuffer {
    const size = Math.max(16, Math.ceil(byteLength / 4) * 4);
    this.reserve(size, `the buffer "${label}"`);
    const buffer = this.gpu.createBuffer({ size, usage, label, mappedAtCreation });
    this.#opened.buffers.add(buffer);
    this.#bytes += size;
    this.#peakBytes = Math.max(this.#peakBytes, this.#bytes);
    return buffer;
  }

  destroyBuffer(buffer: GPUBuffer): void {
    if (this.#opened.buffers.delete(buffer)) this.#bytes -= buffer.size;
    buffer.destroy();
  }

  /** Runs `work` in error scopes and throws the first GPU error it causes. One at a time: scopes are the device's. */
  guard<T>(what: string, work: () => T | Promise<T>): Promise<T> {
    const turn = this.#guarded.then(() => this.#guardNow(what, work));
    this.#guarded = turn.then(
      () => {},
      () => {},
    );
    return turn;
  }

  async #guardNow<T>(what: string, work: () => T | Promise<T>): Promise<T> {
    const { gpu } = this;
    const filters: GPUErrorFilter[] = ['validation', 'out-of-memory', 'internal'];
    for (const filter of filters) gpu.pushErrorScope(filter);
    let result: T;
    let errors: (GPUError | null)[];
    try {
      result = await work();
    } finally {
      errors = await Promise.all(filters.map(() => gpu.popErrorScope().catch(() => null)));
    }
    this.check();
    const error = errors.find((e) => e !== null);
    if (error) throw gpuError(error, what);
    return result;
  }

  /** Lets go of all the device made, too: Dawn's own object may outlive this one by long. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.pipelines.clear();
    this.gpu.removeEventListener('uncapturederror', this.#onError);
    this.gpu.destroy();
  }
}

/** Promises on a lost device may be rejected this long before its loss is told. */
const lossNoticeMs = 100;

/** The device behind the public interface; a TesseraError where it is not one of ours. */
export function asGpuDevice(device: Device): GpuDevice {
  if (device instanceof GpuDevice) return device;
  throw new TesseraError('INVALID_INPUT', 'the device must come from acquireDevice');
}

function gpuError(error: GPUError, what?: string): TesseraError {
  const isMemory = error.constructor.name === 'GPUOutOfMemoryError';
  const message = error.message.trim().split('\n')[0];
  const text = isMemory ? `the GPU is out of memory: ${message}` : `the GPU refused the work: ${message}`;
  return new TesseraError(isMemory ? 'OUT_OF_MEMORY' : 'GPU_ERROR', what ? `${what}: ${text}` : text);
}

async function openAdapter(
  { adapter, report, language, pipelineThreads }: FoundAdapter,
  ceilings: Ceilings | undefined,
): Promise<Opened> {
  const features = wantedFeatures.filter((name) => adapter.features.has(name as GPUFeatureName));
  const limits = Object.fromEntries(wantedLimits.map((name) => [name, adapter.limits[name] as number]));
  const gpu = await adapter.requestDevice({ requiredFeatures: features as GPUFeatureName[], requiredLimits: limits });
  return {
    gpu,
    adapter: report(features),
    profile: { ...deviceProfile(gpu, adapter.info, language), ceilings },
    pipelines: new PipelineCache(gpu, pipelineThreads),
    buffers: new Set(),
  };
}

/** An adapter, which opens one device, and how to report it. */
export interface FoundAdapter {
  readonly adapter: GPUAdapter;
  readonly report: (features: readonly string[]) => AdapterReport;
  /** The WGSL language features of its instance. */
  readonly language: ReadonlySet<string>;
  /** How many pipelines its devices compile at a time, where that is few. */
  readonly pipelineThreads?: number;
}

/** What a device is opened with, beside its adapter. */
export interface OpenOptions {
  readonly memoryBudget?: number;
  readonly ceilings?: Ceilings;
}

/** Opens a device on the adapter that `find` finds, and again when it was lost. */
export async function openDevice(
  find: () => Promise<FoundAdapter>,
  { memoryBudget = Infinity, ceilings }: OpenOptions = {},
): Promise<GpuDevice> {
  if (!(memoryBudget > 0))
    throw new TesseraError('INVALID_INPUT', `the memory budget is a number of bytes above 0, not ${memoryBudget}`);
  const open = async () => {
    return openAdapter(await find(), ceilings);
  };
  return new GpuDevice(await open(), open, memoryBudget);
}
