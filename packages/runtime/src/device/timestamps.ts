import type { GpuDevice } from './device.js';
import { bufferUsage } from './usage.js';

const bytesPerPair = 16;

/** Pairs of timestamps of one submission: written at the edges of passes, read from a staging buffer. */
export class Timestamps {
  readonly byteLength: number;
  readonly #device: GpuDevice;
  readonly #querySet: GPUQuerySet;
  readonly #resolved: GPUBuffer;

  /** @param pairs at most 2,048: WebGPU allows 4,096 queries a set. */
  constructor(device: GpuDevice, pairs: number) {
    this.byteLength = pairs * bytesPerPair;
    this.#device = device;
    this.#querySet = device.gpu.createQuerySet({ type: 'timestamp', count: pairs * 2 });
    this.#resolved = device.createBuffer(this.byteLength, bufferUsage.queries, 'timestamps');
  }

  /** What a pass needs to write pair `i`. */
  writes(i: number): GPUComputePassTimestampWrites {
    return { querySet: this.#querySet, beginningOfPassWriteIndex: 2 * i, endOfPassWriteIndex: 2 * i + 1 };
  }

  /** Copies all pairs into `staging` from `offset` on, a multiple of 4. */
  resolve(encoder: GPUCommandEncoder, staging: GPUBuffer, offset: number): void {
    encoder.resolveQuerySet(this.#querySet, 0, this.#querySet.count, this.#resolved, 0);
    encoder.copyBufferToBuffer(this.#resolved, 0, staging, offset, this.byteLength);
  }

  /** The pairs out of the mapped staging buffer, in nanoseconds of the GPU's clock. */
  read(mapped: ArrayBuffer, offset: number): { readonly begin: bigint; readonly end: bigint }[] {
    const stamps = new BigInt64Array(mapped.slice(offset, offset + this.byteLength));
    return Array.from({ length: stamps.length / 2 }, (_, i) => ({ begin: stamps[2 * i], end: stamps[2 * i + 1] }));
  }

  dispose(): void {
    this.#device.destroyBuffer(this.#resolved);
    this.#querySet.destroy();
  }
}
