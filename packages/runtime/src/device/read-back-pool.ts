import type { GpuDevice } from './device.js';
import { roundUp } from './prepared-steps.js';
import { bufferUsage } from './usage.js';

/** Staging buffers that results are read back through, kept between runs; runs that overlap have one each. */
export class ReadBackPool {
  /** By their sizes. */
  readonly #idle = new Map<number, GPUBuffer[]>();
  readonly #busy = new Set<GPUBuffer>();

  constructor(readonly device: GpuDevice) {}

  /** A buffer of at least so many bytes, to be given back by `putBack`. */
  take(byteLength: number): GPUBuffer {
    const size = Math.max(16, roundUp(byteLength, 16));
    const buffer = this.#idle.get(size)?.pop() ?? this.device.createBuffer(size, bufferUsage.staging, 'staging');
    this.#busy.add(buffer);
    return buffer;
  }

  /** Takes a buffer back; one that is gone since `dispose` is left alone. */
  putBack(buffer: GPUBuffer): void {
    if (!this.#busy.delete(buffer)) return;
    const idle = this.#idle.get(buffer.size);
    if (idle) idle.push(buffer);
    else this.#idle.set(buffer.size, [buffer]);
  }

  /** Destroys all buffers, those in use too. */
  dispose(): void {
    for (const buffer of [...[...this.#idle.values()].flat(), ...this.#busy]) this.device.destroyBuffer(buffer);
    this.#idle.clear();
    this.#busy.clear();
  }
}
