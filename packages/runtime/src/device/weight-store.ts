import type { Weight } from '../program/types.js';
import type { GpuDevice } from './device.js';
import { bufferUsage } from './usage.js';

/** Bytes handed to the queue before waiting for it, and the most in one write, so that staging stays bounded. */
const windowBytes = 64 * 1024 * 1024;
const writeBytes = 16 * 1024 * 1024;

/** The pieces of a weight, none larger than one write. */
function* boundedPieces(weight: Weight): Iterable<Uint8Array> {
  for (const piece of weight.pieces()) {
    for (let at = 0; at < piece.byteLength; at += writeBytes) yield piece.subarray(at, at + writeBytes);
  }
}

/** A session's weights on the GPU: each key uploaded once, whatever the number of programs that use it. */
export class WeightStore {
  readonly #buffers = new Map<string, GPUBuffer>();
  bytes = 0;

  constructor(readonly device: GpuDevice) {}

  get(key: string): GPUBuffer {
    return this.#buffers.get(key)!;
  }

  async upload(weights: readonly Weight[], onProgress: (done: number, total: number) => void): Promise<void> {
    const missing = weights.filter((w) => !this.#buffers.has(w.key));
    const total = missing.reduce((sum, w) => sum + w.byteLength, 0);
    this.device.reserve(total, 'uploading the weights');
    let done = 0;
    let pending = 0;
    for (const weight of missing) {
      const buffer = this.device.createBuffer(weight.byteLength, bufferUsage.weight, weight.key);
      this.#buffers.set(weight.key, buffer);
      this.bytes += weight.byteLength;
      let offset = 0;
      for (const piece of boundedPieces(weight)) {
        write(this.device.gpu.queue, buffer, offset, piece);
        offset += piece.byteLength;
        done += piece.byteLength;
        pending += piece.byteLength;
        if (pending < windowBytes) continue;
        pending = 0;
        await this.device.gpu.queue.onSubmittedWorkDone();
        onProgress(done, total);
      }
    }
    onProgress(total, total);
  }

  dispose(): void {
    for (const buffer of this.#buffers.values()) this.device.destroyBuffer(buffer);
    this.#buffers.clear();
    this.bytes = 0;
  }
}

/** Queue writes take whole words; a ragged end is padded with zeros. */
export function write(queue: GPUQueue, buffer: GPUBuffer, offset: number, bytes: Uint8Array): void {
  const whole = bytes.byteLength - (bytes.byteLength % 4);
  if (whole > 0) queue.writeBuffer(buffer, offset, bytes as Uint8Array<ArrayBuffer>, 0, whole);
  if (whole === bytes.byteLength) return;
  const end = new Uint8Array(4);
  end.set(bytes.subarray(whole));
  queue.writeBuffer(buffer, offset + whole, end);
}
