import type { Weight } from '../program/types.js';
import { queueStream, type ByteStream } from './byte-stream.js';
import type { GpuDevice } from './device.js';
import { StagingStream, streamBytes } from './staging-stream.js';
import { bufferUsage } from './usage.js';
import { packingBytes, packingJob, packOnDevice, startCompiling, type PackingJob } from './weight-packer.js';

/** Weights of fewer bytes in all go through the queue's own staging memory. */
const leastStaged = 1024 * 1024;

/** A session's weights on the GPU: each key uploaded once, whatever the number of programs that use it. */
export class WeightStore {
  readonly #buffers = new Map<string, GPUBuffer>();
  /** Of weights that are not uploaded yet, by their keys. */
  readonly #jobs = new Map<string, PackingJob | undefined>();

  /** `packsOnDevice`: whether large weights are packed there; of no use where the device is the CPU that could pack them itself. */
  constructor(
    readonly device: GpuDevice,
    readonly packsOnDevice = !device.profile.isSoftware,
  ) {}

  /** Whether there is anything to let go of. */
  get isEmpty(): boolean {
    return this.#buffers.size === 0;
  }

  get(key: string): GPUBuffer {
    return this.#buffers.get(key)!;
  }

  /** Begins to compile the kernels that are to pack a weight. */
  foresee(weight: Weight): void {
    const job = this.#buffers.has(weight.key) ? undefined : this.#packingJob(weight);
    if (job) startCompiling(this.device, [job]);
  }

  #packingJob(weight: Weight): PackingJob | undefined {
    if (!this.packsOnDevice) return undefined;
    if (!this.#jobs.has(weight.key)) this.#jobs.set(weight.key, packingJob(weight, this.device.profile));
    return this.#jobs.get(weight.key);
  }

  /**
   * Uploads what is missing: packed on the GPU where that pays and the memory budget has room for it, else on the host. The
   * kernels that pack begin to compile at once.
   */
  async upload(weights: readonly Weight[], onProgress: (done: number, total: number) => void): Promise<void> {
    const { device } = this;
    const missing = weights.filter((w) => !this.#buffers.has(w.key));
    const total = missing.reduce((sum, w) => sum + w.byteLength, 0);
    device.reserve(total, 'uploading the weights');
    const possible = missing.flatMap((weight) => this.#packingJob(weight) ?? []);
    const room = device.memoryBudget - device.memory.bytes - total - streamBytes;
    const jobs = packingBytes(possible, device) <= room ? possible : [];
    startCompiling(device, jobs);
    const packed = new Set(jobs.map(({ weight }) => weight));
    const stream = total >= leastStaged && room >= 0 ? new StagingStream(device) : queueStream(device);
    let done = 0;
    const finished = ({ byteLength }: Weight) => onProgress((done += byteLength), total);
    try {
      for (const weight of missing) {
        if (packed.has(weight)) continue;
        await write(stream, weight, this.#create(weight));
        finished(weight);
      }
      await packOnDevice(device, jobs, stream, (weight) => this.#create(weight), finished);
      stream.flush();
    } catch (error) {
      for (const { key } of missing) this.#discard(key);
      throw error;
    } finally {
      stream.dispose();
      this.#jobs.clear();
    }
    onProgress(total, total);
  }

  #create({ key, byteLength }: Weight): GPUBuffer {
    const buffer = this.device.createBuffer(byteLength, bufferUsage.weight, key);
    this.#buffers.set(key, buffer);
    return buffer;
  }

  /** Lets go of a buffer that was not written whole. */
  #discard(key: string): void {
    const buffer = this.#buffers.get(key);
    if (!buffer) return;
    this.device.destroyBuffer(buffer);
    this.#buffers.delete(key);
  }

  dispose(): void {
    for (const buffer of this.#buffers.values()) this.device.destroyBuffer(buffer);
    this.#buffers.clear();
  }
}

async function write(stream: ByteStream, weight: Weight, buffer: GPUBuffer): Promise<void> {
  if (weight.read) return stream.fill(buffer, 0, weight.byteLength, weight.read);
  let offset = 0;
  for (const piece of weight.pieces()) {
    await stream.put(buffer, offset, piece);
    offset += piece.byteLength;
  }
}
