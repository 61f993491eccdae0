import type { Ceilings, DeviceProfile } from '@tessera/conv-kernels';
import type { AdapterReport, Device } from '../api.js';
import { TesseraError } from '../errors.js';
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

/** A device and what is shared on it: compiled pipelines, and the count of live buffers. */
export class GpuDevice implements Device {
  readonly pipelines: PipelineCache;
  readonly profile: DeviceProfile;
  #buffers = 0;
  #bytes = 0;
  #peakBytes = 0;
  #failure: TesseraError | undefined;
  #disposed = false;
  #guarded: Promise<void> = Promise.resolve();
  readonly #onError = (event: GPUUncapturedErrorEvent) => {
    this.#failure ??= gpuError(event.error);
  };

  constructor(
    readonly gpu: GPUDevice,
    readonly adapter: AdapterReport,
    info: GPUAdapterInfo,
    ceilings?: Ceilings,
  ) {
    this.profile = { ...deviceProfile(gpu, info), ceilings };
    this.pipelines = new PipelineCache(gpu);
    gpu.addEventListener('uncapturederror', this.#onError);
    void gpu.lost.then((lost) => {
      if (!this.#disposed)
        this.#failure = new TesseraError('DEVICE_LOST', `the GPU device was lost: ${lost.message || lost.reason}`);
    });
  }

  get memory(): Device['memory'] {
    return { buffers: this.#buffers, bytes: this.#bytes, peakBytes: this.#peakBytes };
  }

  get hasTimestamps(): boolean {
    return this.gpu.features.has('timestamp-query');
  }

  /** Throws what went wrong since: a lost device for good, any other GPU error once. */
  check(): void {
    if (this.#disposed) throw new TesseraError('DISPOSED', 'the device was disposed');
    const failure = this.#failure;
    if (failure?.code !== 'DEVICE_LOST') this.#failure = undefined;
    if (failure) throw failure;
  }

  createBuffer(byteLength: number, usage: GPUBufferUsageFlags, label: string): GPUBuffer {
    const size = Math.max(16, Math.ceil(byteLength / 4) * 4);
    const buffer = this.gpu.createBuffer({ size, usage, label });
    this.#buffers += 1;
    this.#bytes += size;
    this.#peakBytes = Math.max(this.#peakBytes, this.#bytes);
    return buffer;
  }

  destroyBuffer(buffer: GPUBuffer): void {
    this.#buffers -= 1;
    this.#bytes -= buffer.size;
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
    const filters: GPUErrorFilter[] = ['validation', 'out-of-memory', 'internal'];
    for (const filter of filters) this.gpu.pushErrorScope(filter);
    let result: T;
    let errors: (GPUError | null)[];
    try {
      result = await work();
    } finally {
      errors = await Promise.all(filters.map(() => this.gpu.popErrorScope().catch(() => null)));
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

export async function openDevice(
  adapter: GPUAdapter,
  report: (features: readonly string[]) => AdapterReport,
  ceilings?: Ceilings,
): Promise<GpuDevice> {
  const features = wantedFeatures.filter((name) => adapter.features.has(name as GPUFeatureName));
  const limits = Object.fromEntries(wantedLimits.map((name) => [name, adapter.limits[name] as number]));
  const gpu = await adapter.requestDevice({ requiredFeatures: features as GPUFeatureName[], requiredLimits: limits });
  return new GpuDevice(gpu, report(features), adapter.info, ceilings);
}
