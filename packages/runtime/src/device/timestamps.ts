import type { GpuDevice } from './device.js';
import { bufferUsage } from './usage.js';

const bytesPerStamp = 8;

/** Where the passes' times begin and end, in nanoseconds of the GPU's clock. */
export interface PassSpan {
  readonly begin: bigint;
  readonly end: bigint;
}

/** The milliseconds of a span; timestamps that run backwards, as some drivers' do, count as none. */
export const spanMs = ({ begin, end }: PassSpan) => Math.max(0, Number(end - begin)) / 1e6;

/** WebGPU allows 4,096 queries a set. */
export const passesPerSet = 4095;

/**
 * The times of passes that follow one another in one submission: a timestamp at the begin of the first and at the end of each, read from a
 * staging buffer. Each pass counts from the end of the one before, since a timestamp at its begin may be written while that still runs.
 */
export class Timestamps {
  readonly byteLength: number;
  readonly #device: GpuDevice;
  readonly #querySet: GPUQuerySet;
  readonly #resolved: GPUBuffer;

  /** @param passes at most `passesPerSet` */
  constructor(device: GpuDevice, passes: number) {
    this.byteLength = (passes + 1) * bytesPerStamp;
    this.#device = device;
    this.#querySet = device.gpu.createQuerySet({ type: 'timestamp', count: passes + 1 });
    this.#resolved = device.createBuffer(this.byteLength, bufferUsage.queries, 'timestamps');
  }

  /** What pass `i` is to write. */
  writes(i: number): GPUComputePassTimestampWrites {
    const end = { querySet: this.#querySet, endOfPassWriteIndex: i + 1 };
    return i === 0 ? { ...end, beginningOfPassWriteIndex: 0 } : end;
  }

  /** Copies all timestamps into `staging` from `offset` on, a multiple of 4. */
  resolve(encoder: GPUCommandEncoder, staging: GPUBuffer, offset: number): void {
    encoder.resolveQuerySet(this.#querySet, 0, this.#querySet.count, this.#resolved, 0);
    encoder.copyBufferToBuffer(this.#resolved, 0, staging, offset, this.byteLength);
  }

  /** The passes' spans out of the mapped staging buffer. */
  read(mapped: ArrayBuffer, offset: number): PassSpan[] {
    const stamps = new BigInt64Array(mapped.slice(offset, offset + this.byteLength));
    return Array.from(stamps.subarray(1), (end, i) => ({ begin: stamps[i], end }));
  }

  dispose(): void {
    this.#device.destroyBuffer(this.#resolved);
    this.#querySet.destroy();
  }
}
