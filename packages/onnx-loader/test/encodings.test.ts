import { describe, expect, it } from 'vitest';
import { bitsPerElement, elementCount, loadOnnx, readTensor } from '@tessera/onnx-loader';
import type { DataType, TensorData } from '@tessera/onnx-loader';
import { decodeModel, encodeModel, int64 } from '@tessera/onnx-loader/schema';
import type { TensorMessage } from '@tessera/onnx-loader/schema';
import { buildModel } from '../../../tools/testing/index.js';
import { expectRefusal, load, reluModel, roundTrip } from './support.js';

interface Case {
  readonly dataType: DataType;
  readonly data: readonly (number | bigint)[] | Uint16Array;
  readonly read: TensorData;
}

const float8Types = ['float8e4m3fn', 'float8e4m3fnuz', 'float8e5m2', 'float8e5m2fnuz', 'float8e8m0'] as const;

/** Three elements each (three pairs for the complex types), so that packed types have a part-empty last byte. */
const cases: readonly Case[] = [
  { dataType: 'float32', data: [1.5, -0, Infinity], read: Float32Array.of(1.5, -0, Infinity) },
  { dataType: 'float64', data: [Math.PI, -1e300, NaN], read: Float64Array.of(Math.PI, -1e300, NaN) },
  { dataType: 'int8', data: [-128, 127, -1], read: Int8Array.of(-128, 127, -1) },
  { dataType: 'uint8', data: [0, 255, 7], read: Uint8Array.of(0, 255, 7) },
  { dataType: 'int16', data: [-32768, 32767, -1], read: Int16Array.of(-32768, 32767, -1) },
  { dataType: 'uint16', data: [0, 65535, 9], read: Uint16Array.of(0, 65535, 9) },
  { dataType: 'int32', data: [-(2 ** 31), 2 ** 31 - 1, -1], read: Int32Array.of(-(2 ** 31), 2 ** 31 - 1, -1) },
  { dataType: 'uint32', data: [0, 2 ** 32 - 1, 5], read: Uint32Array.of(0, 2 ** 32 - 1, 5) },
  {
    dataType: 'int64',
    data: [-(2n ** 63n), 2n ** 63n - 1n, -1],
    read: BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n, -1n),
  },
  {
    dataType: 'uint64',
    data: [0, 2n ** 64n - 1n, 2n ** 53n + 1n],
    read: BigUint64Array.of(0n, 2n ** 64n - 1n, 2n ** 53n + 1n),
  },
  { dataType: 'bool', data: [1, 0, 1], read: Uint8Array.of(1, 0, 1) },
  { dataType: 'float16', data: [1, -65504, 6e-8], read: Uint16Array.of(0x3c00, 0xfbff, 0x0001) },
  { dataType: 'bfloat16', data: [1, -2, 3.140625], read: Uint16Array.of(0x3f80, 0xc000, 0x4049) },
  { dataType: 'complex64', data: [1, 2, 3, -4, 5, 6], read: Float32Array.of(1, 2, 3, -4, 5, 6) },
  { dataType: 'complex128', data: [1, 2, 3, -4, 5, 6], read: Float64Array.of(1, 2, 3, -4, 5, 6) },
  { dataType: 'int4', data: [-8, 7, -1], read: Int8Array.of(-8, 7, -1) },
  { dataType: 'uint4', data: [15, 0, 8], read: Uint8Array.of(15, 0, 8) },
  { dataType: 'float4e2m1', data: [0xf, 0x1, 0x8], read: Uint8Array.of(0xf, 0x1, 0x8) },
  { dataType: 'int2', data: [-2, 1, -1], read: Int8Array.of(-2, 1, -1) },
  { dataType: 'uint2', data: [3, 0, 2], read: Uint8Array.of(3, 0, 2) },
  ...float8Types.map((dataType) => ({ dataType, data: [0x80, 0x7f, 0xff], read: Uint8Array.of(0x80, 0x7f, 0xff) })),
];

/** A model with one tensor whose message is as given, after building and decoding an ordinary one. */
function withTensorMessage(change: Partial<TensorMessage>): Uint8Array {
  const spec = reluModel({ initializers: [{ name: 'w', dataType: 'float32', dims: [2], data: [1, 2] }] });
  const message = decodeModel(buildModel(spec));
  message.graph!.initializer = [{ name: 'w', dataType: 1, dims: [2], ...change }];
  return encodeModel(message);
}

describe('tensor data', () => {
  for (const encoding of ['raw', 'typed'] as const) {
    it.each(cases)(`reads $dataType from ${encoding} data`, ({ dataType, data, read }) => {
      const tensor = roundTrip({ dataType, dims: [3, 1], data, encoding });
      expect(tensor).toMatchObject({ name: 'w', dataType, dims: [3, 1] });
      expect(tensor.bytes.byteLength).toBe(Math.ceil((3 * bitsPerElement(dataType)) / 8));
      expect(readTensor(tensor)).toEqual(read);
    });
    it.each(cases)(`reads an empty $dataType from ${encoding} data`, ({ dataType, read }) => {
      const empty = readTensor(roundTrip({ dataType, dims: [2, 0], data: [], encoding })) as typeof read;
      expect(empty).toHaveLength(0);
      expect(empty.constructor).toBe(read.constructor);
    });
  }

  it('reads strings, keeping a byte order mark and what is not ASCII', () => {
    const data = ['', '\ufeffGrüße', 'a\0b'];
    const tensor = roundTrip({ dataType: 'string', dims: [3], data });
    expect(tensor.strings).toEqual(data);
    expect(readTensor(tensor)).toEqual(data);
  });

  it('reads a scalar', () => {
    expect(elementCount([])).toBe(1);
    expect(readTensor(roundTrip({ dataType: 'float32', dims: [], data: [7] }))).toEqual(Float32Array.of(7));
  });

  it('gives a view of the file where it is aligned, and the same values where it is not', () => {
    const spec = reluModel({ initializers: [{ name: 'w', dataType: 'float64', dims: [5], data: [1, 2, 3, 4, 5] }] });
    const file = buildModel(spec);
    let views = 0;
    for (let shift = 0; shift < 8; shift++) {
      const moved = new Uint8Array(file.byteLength + shift).subarray(shift);
      moved.set(file);
      const data = readTensor(loadOnnx(moved).graph.initializers.get('w')!) as Float64Array;
      expect(data).toEqual(Float64Array.of(1, 2, 3, 4, 5));
      if (data.buffer === moved.buffer) views++;
    }
    expect(views).toBe(1);
  });

  it('reads a part of a tensor', () => {
    for (const encoding of ['raw', 'typed'] as const) {
      const { bytes } = roundTrip({ dataType: 'uint8', dims: [5], data: [1, 2, 3, 4, 5], encoding });
      expect([...bytes.read(1, 3)]).toEqual([2, 3, 4]);
      expect(() => bytes.read(3, 3)).toThrow(RangeError);
      expect(() => bytes.read(-1, 1)).toThrow(RangeError);
    }
  });

  it('takes Node buffers', () => {
    const file = Buffer.from(buildModel(reluModel()));
    expect(loadOnnx(file).graph.nodes).toHaveLength(1);
  });

  it('makes a sparse initializer dense', () => {
    const values = { name: 's', dataType: 'float32', dims: [2], data: [5, 6] } as const;
    const asTuples = { dataType: 'int64', dims: [2, 2], data: [0, 1, 1, 2] } as const;
    const asPositions = { dataType: 'int64', dims: [2], data: [1, 5] } as const;
    for (const indices of [asTuples, asPositions]) {
      const model = load(reluModel({ sparseInitializers: [{ values, indices, dims: [2, 3] }] }));
      const tensor = model.graph.initializers.get('s')!;
      expect(tensor).toMatchObject({ dataType: 'float32', dims: [2, 3] });
      expect(readTensor(tensor)).toEqual(Float32Array.of(0, 5, 0, 0, 0, 6));
    }
  });
});

describe('tensor data that contradicts itself', () => {
  const refused: readonly (readonly [string, Partial<TensorMessage>, RegExp])[] = [
    ['short raw data', { rawData: new Uint8Array(7) }, /tensor 'w' of dims \[2\] needs 8 bytes of float32 but has 7/],
    ['long raw data', { rawData: new Uint8Array(12) }, /needs 8 bytes of float32 but has 12/],
    ['too few entries', { floatData: [1] }, /needs 2 entries of float_data but has 1/],
    ['the wrong field', { int32Data: [1, 2] }, /needs 2 entries of float_data but has 0/],
    ['no data', {}, /needs 2 entries of float_data but has 0/],
    ['too many elements for any memory', { dims: [2 ** 20, 2 ** 20] }, /needs 1099511627776 entries .* but has 0/],
    ['a negative size', { dims: [-2] }, /dims \[-2\], of which -2 is no size/],
    ['a size beyond 2^53', { dims: [int64(2n ** 63n - 1n)] }, /is no size/],
    ['an overflowing product', { dims: [2 ** 30, 2 ** 30, 2 ** 30] }, /more elements than can be counted/],
    ['an overflowing byte count', { dims: [2 ** 26, 2 ** 26], dataType: 7 }, /more bytes than can be counted/],
    ['no data type', { dataType: 0 }, /tensor 'w' has data type 0, which ONNX does not define/],
    ['an unknown data type', { dataType: 99 }, /data type 99/],
    ['too few strings', { dataType: 8, stringData: [new Uint8Array(1)] }, /needs 2 strings but has 1/],
    ['segments', { segment: { begin: 0, end: 1 } }, /stored in segments/],
  ];
  it.each(refused)('refuses %s', (_, change, message) => {
    expectRefusal(() => loadOnnx(withTensorMessage(change)), message);
  });

  it('refuses sparse initializers whose parts do not fit', () => {
    const values = { name: 's', dataType: 'float32', dims: [2], data: [5, 6] } as const;
    const indices = { dataType: 'int64', dims: [2], data: [1, 5] } as const;
    const refuse = (sparse: object, message: RegExp) =>
      expectRefusal(() => {
        const model = load(reluModel({ sparseInitializers: [{ values, indices, dims: [2, 3], ...sparse }] }));
        readTensor(model.graph.initializers.get('s')!);
      }, message);
    refuse({ indices: { ...indices, dims: [1], data: [1] } }, /int64 indices of dims \[1\] where/);
    refuse({ dims: [5] }, /index outside its dims \[5\]/);
    refuse({ indices: { dataType: 'int64', dims: [2, 2], data: [0, 1, 0, 3] } }, /index outside its dims \[2, 3\]/);
    refuse({ dims: [2 ** 20, 2 ** 20] }, /more than 2 GiB/);
  });
});
