import { write } from './byte-stream.js';
import type { GpuDevice } from './device.js';
import { bufferUsage, mapWrite } from './usage.js';

/** Below this, the queue's own staging memory is as fast. */
export const leastStagedBytes = 128 * 1024;
/** Submissions after which a buffer that none of them wanted goes. */
const patience = 64;

/** A buffer that the GPU copies an input from, while it is mapped. */
export interface Staging {
  readonly buffer: GPUBuffer;
  /** Where it is mapped. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

interface Idle extends Staging {
  /** The count of submissions when it came back. */
  readonly since: number;
}

/**
 * Writes inputs through staging buffers of their sizes that stay mapped between runs, or hands out such buffers to be written
 * in place. `queue.writeBuffer` makes staging memory of its own for each large write, whose pages the system then has to
 * supply and clear every time.
 */
export class UploadPool {
  /** Mapped and ready to be filled, by their sizes. */
  readonly #idle = new Map<number, Idle[]>();
  /** Handed out, by the memory that they are mapped at. */
  readonly #staged = new Map<ArrayBufferLike, Staging>();
  readonly #owned = new Set<GPUBuffer>();
  /** Filled, for the next submission to copy. */
  #filled: GPUBuffer[] = [];
  #submissions = 0;

  constructor(readonly device: GpuDevice) {}

  /** Memory of so many bytes, rounded up to whole words, for `staging` to find again. What it holds is whatever was there. */
  stage(byteLength: number): ArrayBuffer {
    const staging = this.#take(wholeWords(byteLength));
    const { buffer } = staging.bytes;
    this.#staged.set(buffer, staging);
    return buffer;
  }

  /** The staging buffer that `bytes` are the start of and fill; undefined for any other memory. */
  staging(bytes: Uint8Array): Staging | undefined {
    const staging = this.#staged.get(bytes.buffer);
    const isWhole = bytes.byteOffset === 0 && staging?.buffer.size === wholeWords(bytes.byteLength);
    return isWhole ? staging : undefined;
  }

  /**
   * Writes all of `content` to the start of `target`: bytes before anything submitted later, what was staged once what
   * `encoder` recorded is submitted. Staged memory is gone with that.
   */
  write(encoder: GPUCommandEncoder, target: GPUBuffer, content: Uint8Array | Staging): void {
    if (content instanceof Uint8Array) {
      if (content.byteLength < leastStagedBytes) return write(this.device.gpu.queue, target, 0, content);
      const staging = this.#take(wholeWords(content.byteLength));
      staging.bytes.set(content);
      return this.#copy(encoder, target, staging.buffer);
    }
    this.#staged.delete(content.bytes.buffer);
    this.#copy(encoder, target, content.buffer);
  }

  /** To be called when the encoder's commands are submitted: takes the staging buffers back as the GPU is done with them. */
  submitted(): void {
    this.#submissions += 1;
    for (const buffer of this.#filled.splice(0)) {
      // Fails where the buffer is destroyed or the device lost, and then it is not wanted any more.
      buffer.mapAsync(mapWrite).then(
        () => this.#keep(buffer),
        () => {},
      );
    }
  }

  #copy(encoder: GPUCommandEncoder, target: GPUBuffer, buffer: GPUBuffer): void {
    if (!this.#filled.includes(buffer)) {
      buffer.unmap();
      this.#filled.push(buffer);
    }
    encoder.copyBufferToBuffer(buffer, 0, target, 0, buffer.size);
  }

  #take(size: number): Staging {
    const idle = this.#idle.get(size)?.pop();
    if (idle) return idle;
    const buffer = this.device.createBuffer(size, bufferUsage.upload, 'upload', true);
    this.#owned.add(buffer);
    return mapped(buffer);
  }

  #keep(buffer: GPUBuffer): void {
    const idle = { ...mapped(buffer), since: this.#submissions };
    const alike = this.#idle.get(buffer.size);
    if (alike) alike.push(idle);
    else this.#idle.set(buffer.size, [idle]);
    for (const [size, each] of this.#idle) {
      while (each.length > 0 && each[0].since + patience < this.#submissions) this.#discard(each.shift()!.buffer);
      if (each.length === 0) this.#idle.delete(size);
    }
  }

  #discard(buffer: GPUBuffer): void {
    this.#owned.delete(buffer);
    this.device.destroyBuffer(buffer);
  }

  /** Lets go of the buffers that nobody holds or waits for. */
  trim(): void {
    for (const { buffer } of [...this.#idle.values()].flat()) this.#discard(buffer);
    this.#idle.clear();
  }

  dispose(): void {
    for (const buffer of this.#owned) this.device.destroyBuffer(buffer);
    this.#owned.clear();
    this.#idle.clear();
    this.#staged.clear();
  }
}

function mapped(buffer: GPUBuffer): Staging {
  return { buffer, bytes: new Uint8Array(buffer.getMappedRange()) };
}

const wholeWords = (byteLength: number) => Math.ceil(byteLength / 4) * 4;
