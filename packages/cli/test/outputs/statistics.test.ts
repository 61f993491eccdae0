import type { DataType } from '@tessera/onnx-loader';
import type { TensorArray } from '@tessera/runtime';
import { describe, expect, it } from 'vitest';
import { statisticsOf } from '../../src/outputs/statistics.js';

const of = (dataType: DataType, data: TensorArray) => statisticsOf({ dataType, dims: [data.length], data });

describe('statistics', () => {
  it('are over the finite elements, and count the others', () => {
    const data = new Float32Array([1, NaN, 3, Infinity, 5, -Infinity, 7]);
    expect(of('float32', data)).toEqual({ min: 1, max: 7, mean: 4, std: Math.sqrt(5), nan: 1, inf: 2 });
  });

  it('do not lose a small spread around a large mean', () => {
    const { mean, std } = of('float64', new Float64Array([1e9, 1e9 + 1, 1e9 + 2]))!;
    expect(mean).toBe(1e9 + 1);
    expect(std).toBeCloseTo(Math.sqrt(2 / 3), 6);
  });

  it('decode halves and read 64-bit integers', () => {
    expect(of('float16', new Uint16Array([0x3c00, 0x7e00, 0x4200]))).toMatchObject({ min: 1, max: 3, nan: 1 });
    expect(of('bfloat16', new Uint16Array([0x3f80, 0x7f80]))).toMatchObject({ min: 1, max: 1, inf: 1 });
    expect(of('int64', new BigInt64Array([-3n, 5n]))).toMatchObject({ min: -3, max: 5, mean: 1, std: 4 });
  });

  it('are null without finite elements, and absent for text', () => {
    expect(of('float32', new Float32Array([]))).toEqual({
      min: null,
      max: null,
      mean: null,
      std: null,
      nan: 0,
      inf: 0,
    });
    expect(of('float32', new Float32Array([NaN]))).toMatchObject({ min: null, nan: 1 });
    expect(of('string', ['a'])).toBeUndefined();
  });
});
