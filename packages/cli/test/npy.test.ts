import type { DataType } from '@tessera/onnx-loader';
import type { Tensor, TensorArray } from '@tessera/runtime';
import { describe, expect, it } from 'vitest';
import { decodeNpy, encodeNpy } from '../src/npy.js';

/** An .npy file as NumPy lays it out, with the header padded to 64 bytes. */
function npyFile(descr: string, shape: string, data: ArrayBufferView, fortran = false): Uint8Array {
  const dict = `{'descr': '${descr}', 'fortran_order': ${fortran ? 'True' : 'False'}, 'shape': ${shape}, }`;
  const header = `${dict.padEnd(Math.ceil((dict.length + 11) / 64) * 64 - 11)}\n`;
  const start = new Uint8Array([0x93, ...Buffer.from('NUMPY'), 1, 0, header.length & 255, header.length >> 8]);
  return Buffer.concat([start, Buffer.from(header), new Uint8Array(data.buffer, data.byteOffset, data.byteLength)]);
}

const samples: readonly [DataType, TensorArray][] = [
  ['float16', new Uint16Array([0x3c00, 0xc000, 0x7e00, 0x7c00, 1, 0])],
  ['float32', new Float32Array([1.5, -2, NaN, Infinity, 1e-40, 0])],
  ['float64', new Float64Array([1.1, -2.2, NaN, -Infinity, 5e-324, 0])],
  ['int8', new Int8Array([-128, -1, 0, 1, 2, 127])],
  ['int16', new Int16Array([-32768, -1, 0, 1, 2, 32767])],
  ['int32', new Int32Array([-(2 ** 31), -1, 0, 1, 2, 2 ** 31 - 1])],
  ['int64', new BigInt64Array([-(2n ** 63n), -1n, 0n, 1n, 2n, 2n ** 63n - 1n])],
  ['uint8', new Uint8Array([0, 1, 2, 3, 4, 255])],
  ['uint16', new Uint16Array([0, 1, 2, 3, 4, 65535])],
  ['uint32', new Uint32Array([0, 1, 2, 3, 4, 2 ** 32 - 1])],
  ['uint64', new BigUint64Array([0n, 1n, 2n, 3n, 4n, 2n ** 64n - 1n])],
  ['bool', new Uint8Array([0, 1, 1, 0, 1, 0])],
];

describe('.npy files', () => {
  it.each(samples)('come back as they were written: %s', (dataType, data) => {
    const tensor: Tensor = { dataType, dims: [1, 2, 3], data };
    expect(decodeNpy(encodeNpy(tensor))).toEqual(tensor);
  });

  it('hold scalars and empty arrays', () => {
    for (const dims of [[], [0, 3]]) {
      const data = new Float32Array(dims.length === 0 ? 1 : 0);
      expect(decodeNpy(encodeNpy({ dataType: 'float32', dims, data }))).toEqual({ dataType: 'float32', dims, data });
    }
  });

  it('are read out of a larger buffer', () => {
    const file = encodeNpy({ dataType: 'int32', dims: [2], data: new Int32Array([7, 8]) });
    const padded = new Uint8Array(file.length + 5);
    padded.set(file, 5);
    expect(decodeNpy(padded.subarray(5)).data).toEqual(new Int32Array([7, 8]));
  });

  it('are turned from column-major to row-major', () => {
    const data = Float32Array.from({ length: 24 }, (_, i) => i);
    const { dims, data: rows } = decodeNpy(npyFile('<f4', '(2, 3, 4)', data, true));
    expect(dims).toEqual([2, 3, 4]);
    const at = (i: number, j: number, k: number) => (rows as Float32Array)[(i * 3 + j) * 4 + k];
    expect([at(0, 0, 0), at(1, 0, 0), at(0, 1, 0), at(0, 0, 1), at(1, 2, 3)]).toEqual([0, 1, 2, 6, 23]);
  });

  it('write bfloat16 as float32, 4-bit integers in bytes, and text as code points', () => {
    const bfloat = encodeNpy({ dataType: 'bfloat16', dims: [2], data: new Uint16Array([0x3f80, 0xc040]) });
    expect(decodeNpy(bfloat)).toEqual({ dataType: 'float32', dims: [2], data: new Float32Array([1, -3]) });
    const int4 = encodeNpy({ dataType: 'int4', dims: [2], data: new Int8Array([-8, 7]) });
    expect(decodeNpy(int4)).toEqual({ dataType: 'int8', dims: [2], data: new Int8Array([-8, 7]) });
    const text = encodeNpy({ dataType: 'string', dims: [2], data: ['cat', '\u{1f600}'] });
    expect(Buffer.from(text).toString('latin1')).toContain("'<U3'");
    expect(new DataView(text.buffer).getUint32(text.length - 12, true)).toBe(0x1f600);
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['another file', Buffer.from('\x89PNG\r\n..........'), /not an \.npy file/i],
    ['an empty file', new Uint8Array(0), /too short/],
    ['a file cut short', npyFile('<f4', '(2, 3)', new Float32Array(5)), /cut short: 5 of 6/],
    ['big-endian numbers', npyFile('>f4', '(1,)', new Float32Array(1)), />f4/],
    ['complex numbers', npyFile('<c8', '(1,)', new Float32Array(2)), /c8/],
    ['Python objects', npyFile('|O', '(1,)', new Uint8Array(8)), /\|O/],
  ])('refuse %s', (_, bytes, message) => {
    expect(() => decodeNpy(bytes)).toThrow(message);
  });
});
