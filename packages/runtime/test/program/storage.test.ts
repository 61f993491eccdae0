import { describe, expect, it } from 'vitest';
import { decodeStorage, encodeStorage, storageType, toFloat32 } from '../../src/program/storage.js';

describe('storage', () => {
  it('chooses f16 only where the adapter has it', () => {
    expect(storageType('float16', 'f32', true)).toBe('f16');
    expect(storageType('float16', 'f32', false)).toBe('f32');
    expect(storageType('float32', 'f16', true)).toBe('f16');
    expect(storageType('bool', 'f32', false)).toBe('u32');
    expect(() => storageType('string', 'f32', false)).toThrow(/string cannot be held/);
  });

  it('saturates 64-bit integers instead of cutting them', () => {
    const stored = encodeStorage('int64', BigInt64Array.of(5n, -(2n ** 63n), 2n ** 63n - 1n), 'i32');
    expect([...stored]).toEqual([5, -2147483648, 2147483647]);
  });

  it('decodes the 16-bit floats', () => {
    expect([...toFloat32('float16', Uint16Array.of(0x3c00, 0xc000, 0x7c00))]).toEqual([1, -2, Infinity]);
    expect([...toFloat32('bfloat16', Uint16Array.of(0x3f80, 0xc000))]).toEqual([1, -2]);
  });

  it.each([
    ['float32', 'f32', Float32Array.of(1.5, -2)],
    ['float32', 'f16', Float32Array.of(1.5, -2)],
    ['float16', 'f32', Uint16Array.of(0x3c00, 0xc000)],
    ['float16', 'f16', Uint16Array.of(0x3c00, 0xc000)],
    ['bfloat16', 'f32', Uint16Array.of(0x3f80, 0xc000)],
    ['int64', 'i32', BigInt64Array.of(-7n, 9n)],
    ['bool', 'u32', Uint8Array.of(1, 0)],
    ['uint8', 'u32', Uint8Array.of(255, 3)],
    ['int8', 'i32', Int8Array.of(-128, 3)],
  ] as const)('brings %s back from %s', (dataType, elementType, data) => {
    const stored = encodeStorage(dataType, data, elementType);
    const bytes = stored.buffer.slice(stored.byteOffset, stored.byteOffset + stored.byteLength);
    expect(decodeStorage(bytes, data.length, elementType, dataType)).toEqual(data);
  });

  it('rounds to bfloat16 to nearest even and keeps NaN', () => {
    const bits = decodeStorage(Float32Array.of(1 + 2 ** -8, 1 + 3 * 2 ** -8, NaN).buffer, 3, 'f32', 'bfloat16');
    expect([...(bits as Uint16Array)].slice(0, 2)).toEqual([0x3f80, 0x3f82]);
    expect(((bits as Uint16Array)[2] & 0x7fff) > 0x7f80).toBe(true);
  });
});
