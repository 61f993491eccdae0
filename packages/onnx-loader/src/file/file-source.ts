import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { OnnxError } from '../errors.js';
import type { ByteSource } from '../model.js';
import { checkRange } from '../tensor/bytes.js';

/** Node reads at most 2^31 - 1 bytes at once. */
const LARGEST_READ = 2 ** 30;

/** The bytes of a file, read by position; the file is open only during a read. */
export function fileSource(path: string): ByteSource {
  const stat = statSync(path);
  // Opening a pipe or a device could wait without end.
  if (!stat.isFile()) throw new OnnxError(`${path} is not a file.`);
  const readInto = (offset: number, target: Uint8Array): void => {
    checkRange(offset, target.byteLength, stat.size);
    const handle = openSync(path, 'r');
    try {
      fill(handle, target, offset, path);
    } finally {
      closeSync(handle);
    }
  };
  return {
    byteLength: stat.size,
    read(offset, length) {
      checkRange(offset, length, stat.size);
      const bytes = new Uint8Array(length);
      readInto(offset, bytes);
      return bytes;
    },
    readInto,
  };
}

function fill(handle: number, bytes: Uint8Array, offset: number, path: string): void {
  for (let done = 0; done < bytes.byteLength;) {
    const length = Math.min(LARGEST_READ, bytes.byteLength - done);
    const count = readSync(handle, bytes, done, length, offset + done);
    if (count === 0) throw new OnnxError(`${path} became shorter while it was read.`);
    done += count;
  }
}
