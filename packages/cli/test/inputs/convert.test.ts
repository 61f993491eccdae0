import type { DataType } from '@tessera/onnx-loader';
import type { TensorArray } from '@tessera/runtime';
import { describe, expect, it } from 'vitest';
import { convertTensor } from '../../src/inputs/convert.js';
import { floatToBfloat, bfloatToFloat, halfToFloat } from '../../src/inputs/values.js';

const convert = (from: DataType, data: TensorArray, to: DataType) =>
  convertTensor({ dataType: from, dims: [data.length], data }, to, 'a.npy').data;

describe('conversion of element types', () => {
  it.each<[DataType, TensorArray, DataType, TensorArray]>([
    ['float64', new Float64Array([1.1, -2, NaN, Infinity]), 'float32', new Float32Array([1.1, -2, NaN, Infinity])],
    ['float32', new Float32Array([1, -2, 65504]), 'float16', new Uint16Array([0x3c00, 0xc000, 0x7bff])],
    ['float16', new Uint16Array([0x3c00, 0xc000]), 'float32', new Float32Array([1, -2])],
    ['int64', new BigInt64Array([-5n, 7n]), 'int32', new Int32Array([-5, 7])],
    ['int64', new BigInt64Array([5n, 7n]), 'float32', new Float32Array([5, 7])],
    ['uint8', new Uint8Array([0, 255]), 'float32', new Float32Array([0, 255])],
    ['int32', new Int32Array([3, 4]), 'int64', new BigInt64Array([3n, 4n])],
    ['bool', new Uint8Array([0, 1]), 'float32', new Float32Array([0, 1])],
    ['uint8', new Uint8Array([0, 1]), 'bool', new Uint8Array([0, 1])],
    ['int8', new Int8Array([-8, 7]), 'int4', new Int8Array([-8, 7])],
  ])('%s to another type that holds the values', (from, data, to, expected) => {
    expect(convert(from, data, to)).toEqual(expected);
  });

  it.each<[DataType, TensorArray, DataType, RegExp]>([
    ['float32', new Float32Array([1]), 'int64', /a\.npy holds float32, which cannot become int64.*integers/],
    ['int64', new BigInt64Array([2n ** 40n]), 'int32', /int64.*int32.*1099511627776 at element 0 is out of its range/],
    ['int64', new BigInt64Array([-1n]), 'uint8', /-1 at element 0/],
    ['int32', new Int32Array([0, 2 ** 24 + 1]), 'float32', /int32.*float32.*16777217 at element 1 is not exact/],
    ['int64', new BigInt64Array([2n ** 53n + 1n]), 'float64', /not exact/],
    ['float64', new Float64Array([1e39]), 'float32', /1e\+39 at element 0 is beyond its range/],
    ['float32', new Float32Array([70000]), 'float16', /beyond its range/],
    ['uint8', new Uint8Array([2]), 'bool', /2 at element 0/],
    ['string', ['a'], 'float32', /string.*float32/],
    ['float32', new Float32Array([1]), 'string', /float32.*string/],
    ['float8e5m2', new Uint8Array([1]), 'float32', /float8e5m2.*float32/],
  ])('refuses %s where values would change', (from, data, to, message) => {
    expect(() => convert(from, data, to)).toThrow(message);
  });

  it('rounds bfloat16 to the nearest, ties to even', () => {
    const bits = floatToBfloat([1, 1.00390625, 1.01171875, -3, NaN, Infinity]);
    expect([...bfloatToFloat(bits)]).toEqual([1, 1, 1.015625, -3, NaN, Infinity]);
  });

  it('reads subnormal halves', () => {
    expect([...halfToFloat(new Uint16Array([1, 0x8000, 0x03ff]))]).toEqual([2 ** -24, -0, 1023 * 2 ** -24]);
  });
});
