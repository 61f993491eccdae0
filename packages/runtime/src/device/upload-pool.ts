import type { GpuDevice } from './device.js';
import { bufferUsage, mapWrite } from './usage.js';
import { write } from './weight-store.js';

/** Bytes of one staging buffer: while one is copied to the GPU, the host fills the next. */
const pieceBytes = 4 * 1024 * 1024;

/**
 * Writes large inputs through staging buffers that stay mapped between runs. `queue.writeBuffer` makes staging memory of
 * its own for each large write, whose pages the system then has to supply and clear every time.
 */
export class UploadPool {
  /** Mapped, and ready to be filled. */
  readonly #idle: GPUBuffer[] = [];
  readonly #owned = new Set<GPUBuffer>();

  constructor(readonly device: GpuDevice) {}

  /** Queues a write of all of `bytes` from the start of `target`, before anything that is submitted later. */
  write(gpu: GPUDevice, target: GPUBuffer, bytes: Uint8Array): void {
    if (bytes.byteLength < pieceBytes / 4) return write(gpu.queue, target, 0, bytes);
    for (let at = 0; at < bytes.byteLength; at += pieceBytes) {
      this.#writePiece(gpu, target, at, bytes.subarray(at, at + pieceBytes));
    }
  }

  #writePiece(gpu: GPUDevice, target: GPUBuffer, offset: number, piece: Uint8Array): void {
    const staging = this.#idle.pop() ?? this.#create();
    const byteLength = Math.ceil(piece.byteLength / 4) * 4;
    new Uint8Array(staging.getMappedRange()).set(piece);
    staging.unmap();
    const encoder = gpu.createCommandEncoder();
    encoder.copyBufferToBuffer(staging, 0, target, offset, byteLength);
    gpu.queue.submit([encoder.finish()]);
    // Fails where the buffer is destroyed or the device lost, and then it is not wanted any more.
    staging.mapAsync(mapWrite).then(
      () => this.#idle.push(staging),
      () => {},
    );
  }

  #create(): GPUBuffer {
    const staging = this.device.createBuffer(pieceBytes, bufferUsage.upload, 'upload', true);
    this.#owned.add(staging);
    return staging;
  }

  dispose(): void {
    for (const buffer of this.#owned) this.device.destroyBuffer(buffer);
    this.#owned.clear();
    this.#idle.length = 0;
  }
}
