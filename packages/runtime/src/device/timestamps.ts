import type { GpuDevice } from './device.js';
import { bufferUsage } from './usage.js';

const bytesPerStamp = 8;

/**
 * Where timestamps stand when passes are timed one by one: at both edges of each, or at their ends alone, where each pass
 * begins when the one before it ends.
 */
export type StampMethod = 'edges' | 'ends';

/** When a pass began and ended, in nanoseconds of the GPU's clock. */
export interface PassSpan {
  readonly begin: bigint;
  readonly end: bigint;
}

/** The milliseconds of a span; timestamps that run backwards, as some drivers' do, count as none. */
export const spanMs = ({ begin, end }: PassSpan) => Math.max(0, Number(end - begin)) / 1e6;

/** WebGPU allows 4,096 queries a set. */
export const passesPerSet = 2048;

/** Timestamps of the passes of one submission: written at their edges, read from a staging buffer. */
export class Timestamps {
  readonly byteLength: number;
  readonly #device: GpuDevice;
  readonly #method: StampMethod;
  readonly #querySet: GPUQuerySet;
  readonly #resolved: GPUBuffer;

  /** @param passes at most `passesPerSet` */
  constructor(device: GpuDevice, passes: number, method: StampMethod = 'edges') {
    const count = method === 'edges' ? 2 * passes : passes + 1;
    this.byteLength = count * bytesPerStamp;
    this.#device = device;
    this.#method = method;
    this.#querySet = device.gpu.createQuerySet({ type: 'timestamp', count });
    this.#resolved = device.createBuffer(this.byteLength, bufferUsage.queries, 'timestamps');
  }

  /** What pass `i` is to write. */
  writes(i: number): GPUComputePassTimestampWrites {
    const querySet = this.#querySet;
    if (this.#method === 'edges') return { querySet, beginningOfPassWriteIndex: 2 * i, endOfPassWriteIndex: 2 * i + 1 };
    return { querySet, beginningOfPassWriteIndex: i === 0 ? 0 : undefined, endOfPassWriteIndex: i + 1 };
  }

  /** Copies all timestamps into `staging` from `offset` on, a multiple of 4. */
  resolve(encoder: GPUCommandEncoder, staging: GPUBuffer, offset: number): void {
    encoder.resolveQuerySet(this.#querySet, 0, this.#querySet.count, this.#resolved, 0);
    encoder.copyBufferToBuffer(this.#resolved, 0, staging, offset, this.byteLength);
  }

  /** The passes' spans out of the mapped staging buffer. */
  read(mapped: ArrayBuffer, offset: number): PassSpan[] {
    const stamps = new BigInt64Array(mapped.slice(offset, offset + this.byteLength));
    if (this.#method === 'ends')
      return Array.from({ length: stamps.length - 1 }, (_, i) => ({ begin: stamps[i], end: stamps[i + 1] }));
    return Array.from({ length: stamps.length / 2 }, (_, i) => ({ begin: stamps[2 * i], end: stamps[2 * i + 1] }));
  }

  dispose(): void {
    this.#device.destroyBuffer(this.#resolved);
    this.#querySet.destroy();
  }
}
