import type { GpuDevice } from './device.js';
import { bufferUsage } from './usage.js';

const bytesPerPair = 16;

/** When a pass began and ended, in nanoseconds of the GPU's clock. */
export interface PassSpan {
  readonly begin: bigint;
  readonly end: bigint;
}

/** The milliseconds of a span; timestamps that run backwards, as some drivers' do, count as none. */
export const spanMs = ({ begin, end }: PassSpan) => Math.max(0, Number(end - begin)) / 1e6;

/** WebGPU allows 4,096 queries a set. */
export const passesPerSet = 2048;

/** Pairs of timestamps of one submission: written at the edges of passes, read from a staging buffer. */
export class Timestamps {
  readonly byteLength: number;
  readonly #device: GpuDevice;
  readonly #querySet: GPUQuerySet;
  readonly #resolved: GPUBuffer;

  /** @param passes at most `passesPerSet` */
  constructor(device: GpuDevice, passes: number) {
    this.byteLength = passes * bytesPerPair;
    this.#device = device;
    this.#querySet = device.gpu.createQuerySet({ type: 'timestamp', count: passes * 2 });
    this.#resolved = device.createBuffer(this.byteLength, bufferUsage.queries, 'timestamps');
  }

  /** What pass `i` is to write. */
  writes(i: number): GPUComputePassTimestampWrites {
    return { querySet: this.#querySet, beginningOfPassWriteIndex: 2 * i, endOfPassWriteIndex: 2 * i + 1 };
  }

  /** Copies all pairs into `staging` from `offset` on, a multiple of 4. */
  resolve(encoder: GPUCommandEncoder, staging: GPUBuffer, offset: number): void {
    encoder.resolveQuerySet(this.#querySet, 0, this.#querySet.count, this.#resolved, 0);
    encoder.copyBufferToBuffer(this.#resolved, 0, staging, offset, this.byteLength);
  }

  /** The passes' spans out of the mapped staging buffer. */
  read(mapped: ArrayBuffer, offset: number): PassSpan[] {
    const stamps = new BigInt64Array(mapped.slice(offset, offset + this.byteLength));
    return Array.from({ length: stamps.length / 2 }, (_, i) => ({ begin: stamps[2 * i], end: stamps[2 * i + 1] }));
  }

  dispose(): void {
    this.#device.destroyBuffer(this.#resolved);
    this.#querySet.destroy();
  }
}
