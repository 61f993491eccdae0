import { describe, expect, it } from 'vitest';
import { encodeWire } from '../../src/program/storage.js';

describe('64-bit integers on their way to the GPU', () => {
  it('pass where they fit 32 bits', () => {
    const bytes = encodeWire('int64', BigInt64Array.of(-(2n ** 31n), 2n ** 31n - 1n), 'i32');
    expect(new Int32Array(bytes.buffer, bytes.byteOffset, 2)).toEqual(Int32Array.of(-(2 ** 31), 2 ** 31 - 1));
    expect(() => encodeWire('uint64', BigUint64Array.of(2n ** 32n - 1n), 'u32')).not.toThrow();
  });

  it('are refused where they do not, and never cut', () => {
    expect(() => encodeWire('int64', BigInt64Array.of(1n, 2n ** 31n), 'i32')).toThrow(
      'a tensor of int64 holds 2147483648, beyond the 32 bits in which the GPU holds its elements',
    );
    expect(() => encodeWire('uint64', BigUint64Array.of(2n ** 32n), 'u32')).toThrow('holds 4294967296');
  });
});
