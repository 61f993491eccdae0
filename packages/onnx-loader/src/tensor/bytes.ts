import type { ByteSource } from '../model.js';

/** Bytes in memory; reads are views of them. */
export function memorySource(bytes: Uint8Array): ByteSource {
  return {
    byteLength: bytes.byteLength,
    read(offset, length) {
      checkRange(offset, length, bytes.byteLength);
      return bytes.subarray(offset, offset + length);
    },
  };
}

/** Bytes that `make` gives, called at the first read and kept from then on. */
export function lazySource(byteLength: number, make: () => Uint8Array): ByteSource {
  let bytes: Uint8Array | undefined;
  return {
    byteLength,
    read(offset, length) {
      checkRange(offset, length, byteLength);
      bytes ??= make();
      return bytes.subarray(offset, offset + length);
    },
  };
}

/** Fills `target` from an offset of any source. */
export function readInto(source: ByteSource, offset: number, target: Uint8Array): void {
  if (source.readInto) source.readInto(offset, target);
  else target.set(source.read(offset, target.byteLength));
}

/** Throws a RangeError unless `length` bytes from `offset` lie within `byteLength`. */
export function checkRange(offset: number, length: number, byteLength: number): void {
  const inside = Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length >= 0;
  if (!inside || offset + length > byteLength) {
    throw new RangeError(`Cannot read ${length} bytes from ${offset} on: there are ${byteLength}.`);
  }
}
