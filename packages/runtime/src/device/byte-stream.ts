import type { ReadBytes } from '../program/types.js';
import type { GpuDevice } from './device.js';

/** Writes bytes to buffers, one after another. */
export interface ByteStream {
  /** Writes to `target` from `offset` on, a multiple of 4; a ragged end is filled up to a whole word with zeros. */
  put(target: GPUBuffer, offset: number, bytes: Uint8Array): Promise<void>;
  /** As `put`, of `byteLength` bytes that are read in order, and in pieces that the stream chooses, to where it wants them. */
  fill(target: GPUBuffer, offset: number, byteLength: number, read: ReadBytes): Promise<void>;
  /** Sees to it that what was put comes before anything that is submitted from now on. */
  flush(): void;
  dispose(): void;
}

/** Bytes handed to the queue before waiting for it, and the most in one write, so that its staging stays bounded. */
const windowBytes = 64 * 1024 * 1024;
const writeBytes = 16 * 1024 * 1024;

/** A stream through the queue's own staging memory. */
export function queueStream({ gpu }: GpuDevice): ByteStream {
  let pending = 0;
  const put = async (target: GPUBuffer, offset: number, bytes: Uint8Array): Promise<void> => {
    for (let at = 0; at < bytes.byteLength; at += writeBytes) {
      const piece = bytes.subarray(at, at + writeBytes);
      write(gpu.queue, target, offset + at, piece);
      pending += piece.byteLength;
      if (pending < windowBytes) continue;
      pending = 0;
      await gpu.queue.onSubmittedWorkDone();
    }
  };
  return {
    put,
    async fill(target, offset, byteLength, read) {
      const bytes = new Uint8Array(Math.min(byteLength, writeBytes));
      for (let at = 0; at < byteLength; at += writeBytes) {
        const piece = bytes.subarray(0, Math.min(writeBytes, byteLength - at));
        read(at, piece);
        await put(target, offset + at, piece);
      }
    },
    flush() {},
    dispose() {},
  };
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
