import type { GpuDevice } from './device.js';
import { bufferUsage, mapWrite } from './usage.js';
import { write } from './byte-stream.js';

/** Below this, the queue's own staging memory is as fast. */
const leastStagedBytes = 128 * 1024;

interface Staging {
  readonly buffer: GPUBuffer;
  /** Where it is mapped. */
  readonly bytes: Uint8Array;
}

/**
 * Writes inputs through staging buffers of their sizes that stay mapped between runs. `queue.writeBuffer` makes staging memory
 * of its own for each large write, whose pages the system then has to supply and clear every time.
 */
export class UploadPool {
  /** Mapped and ready to be filled, by their sizes. */
  readonly #idle = new Map<number, Staging[]>();
  readonly #owned = new Set<GPUBuffer>();
  /** Filled, for the next submission to copy. */
  #filled: GPUBuffer[] = [];

  constructor(readonly device: GpuDevice) {}

  /** Writes all of `bytes` to the start of `target`: before anything submitted later, once what `encoder` recorded is submitted. */
  write(encoder: GPUCommandEncoder, target: GPUBuffer, bytes: Uint8Array): void {
    if (bytes.byteLength < leastStagedBytes) return write(this.device.gpu.queue, target, 0, bytes);
    const size = Math.ceil(bytes.byteLength / 4) * 4;
    const staging = this.#idle.get(size)?.pop() ?? this.#create(size);
    staging.bytes.set(bytes);
    staging.buffer.unmap();
    encoder.copyBufferToBuffer(staging.buffer, 0, target, 0, size);
    this.#filled.push(staging.buffer);
  }

  /** To be called when the encoder's commands are submitted: takes the staging buffers back as the GPU is done with them. */
  submitted(): void {
    for (const buffer of this.#filled.splice(0)) {
      // Fails where the buffer is destroyed or the device lost, and then it is not wanted any more.
      buffer.mapAsync(mapWrite).then(
        () => this.#keep(buffer),
        () => {},
      );
    }
  }

  #create(size: number): Staging {
    const buffer = this.device.createBuffer(size, bufferUsage.upload, 'upload', true);
    this.#owned.add(buffer);
    return { buffer, bytes: new Uint8Array(buffer.getMappedRange()) };
  }

  #keep(buffer: GPUBuffer): void {
    const staging = { buffer, bytes: new Uint8Array(buffer.getMappedRange()) };
    const alike = this.#idle.get(buffer.size);
    if (alike) alike.push(staging);
    else this.#idle.set(buffer.size, [staging]);
  }

  dispose(): void {
    for (const buffer of this.#owned) this.device.destroyBuffer(buffer);
    this.#owned.clear();
    this.#idle.clear();
  }
}
