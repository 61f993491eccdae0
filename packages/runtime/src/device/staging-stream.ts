import { TesseraError } from '../errors.js';
import type { ReadBytes } from '../program/types.js';
import type { ByteStream } from './byte-stream.js';
import type { GpuDevice } from './device.js';
import { bufferUsage, mapWrite } from './usage.js';

const stagingBytes = 4 * 1024 * 1024;
/** While some are copied to the GPU, the host fills the next. */
const mostBuffers = 4;

/** Bytes that a stream takes on the GPU. */
export const streamBytes = stagingBytes * mostBuffers;

interface Copy {
  readonly target: GPUBuffer;
  readonly from: number;
  readonly to: number;
  readonly byteLength: number;
}

/**
 * Writes many bytes to buffers through a few staging buffers that are used over and over: the memory that
 * `queue.writeBuffer` takes for large writes is new each time, and the system has to supply and clear it.
 */
export class StagingStream implements ByteStream {
  readonly #idle: GPUBuffer[] = [];
  readonly #owned = new Set<GPUBuffer>();
  readonly #underWay = new Set<Promise<void>>();
  #current: { readonly buffer: GPUBuffer; readonly bytes: Uint8Array } | undefined;
  #used = 0;
  #copies: Copy[] = [];

  constructor(readonly device: GpuDevice) {}

  put(target: GPUBuffer, offset: number, bytes: Uint8Array): Promise<void> {
    return this.fill(target, offset, bytes.byteLength, (at, room) =>
      room.set(bytes.subarray(at, at + room.byteLength)),
    );
  }

  async fill(target: GPUBuffer, offset: number, byteLength: number, read: ReadBytes): Promise<void> {
    for (let done = 0; done < byteLength;) {
      const { bytes: room } = (this.#current ??= await this.#take());
      const count = Math.min(byteLength - done, room.byteLength - this.#used);
      const whole = Math.ceil(count / 4) * 4;
      read(done, room.subarray(this.#used, this.#used + count));
      room.fill(0, this.#used + count, this.#used + whole);
      this.#copies.push({ target, from: this.#used, to: offset + done, byteLength: whole });
      this.#used += whole;
      done += count;
      if (this.#used === room.byteLength) this.flush();
    }
  }

  flush(): void {
    if (!this.#current) return;
    const { buffer } = this.#current;
    const { gpu } = this.device;
    buffer.unmap();
    const encoder = gpu.createCommandEncoder();
    for (const { target, from, to, byteLength } of this.#copies) {
      encoder.copyBufferToBuffer(buffer, from, target, to, byteLength);
    }
    gpu.queue.submit([encoder.finish()]);
    this.#current = undefined;
    this.#copies = [];
    this.#used = 0;
    // Fails where the buffer is destroyed or the device lost, and then it is not wanted any more.
    const mapped = buffer.mapAsync(mapWrite).then(
      () => void this.#idle.push(buffer),
      () => {},
    );
    this.#underWay.add(mapped);
    void mapped.then(() => this.#underWay.delete(mapped));
  }

  async #take(): Promise<{ readonly buffer: GPUBuffer; readonly bytes: Uint8Array }> {
    while (this.#idle.length === 0 && this.#owned.size >= mostBuffers) {
      this.device.check();
      if (this.#underWay.size === 0) throw new TesseraError('DEVICE_LOST', 'the GPU device was lost during the upload');
      await Promise.race(this.#underWay);
    }
    const buffer = this.#idle.pop() ?? this.#create();
    return { buffer, bytes: new Uint8Array(buffer.getMappedRange()) };
  }

  #create(): GPUBuffer {
    const buffer = this.device.createBuffer(stagingBytes, bufferUsage.upload, 'upload', true);
    this.#owned.add(buffer);
    return buffer;
  }

  dispose(): void {
    for (const buffer of this.#owned) this.device.destroyBuffer(buffer);
    this.#owned.clear();
    this.#idle.length = 0;
  }
}
