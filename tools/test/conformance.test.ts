import type { Tensor } from '@tessera/runtime';
import { describe, expect, test } from 'vitest';
import { difference } from '../verify/conformance/compare.js';
import { exclusionList } from '../verify/conformance/exclusions.js';
import { missingOperators, summaryLines } from '../verify/conformance/summary.js';

const floats = (data: number[], dims = [data.length]): Tensor => ({
  dataType: 'float32',
  dims,
  data: Float32Array.from(data),
});
const tensor = (dataType: Tensor['dataType'], data: Tensor['data']): Tensor => ({
  dataType,
  dims: [data.length],
  data,
});

describe('difference', () => {
  const compare = (found: Tensor | undefined, wanted: Tensor) => difference(found, wanted, [1e-3, 1e-7]);

  test('is within the absolute tolerance plus the relative one', () => {
    expect(compare(floats([1000.9, 0]), floats([1000, 9e-8]))).toBeUndefined();
    expect(compare(floats([1001.2]), floats([1000]))).toContain('has 1 of 1 elements wrong');
    expect(compare(floats([0]), floats([2e-7]))).toContain('element 0 is 0');
  });

  test('names the first wrong element and counts them', () => {
    expect(compare(floats([1, 5, 3, 6]), floats([1, 2, 3, 4]))).toBe(
      'has 2 of 4 elements wrong: element 1 is 5, and 2 is right',
    );
  });

  test('takes NaN for NaN, and infinities only for themselves', () => {
    expect(compare(floats([NaN, Infinity, -Infinity]), floats([NaN, Infinity, -Infinity]))).toBeUndefined();
    expect(compare(floats([NaN]), floats([0]))).toBeDefined();
    expect(compare(floats([0]), floats([NaN]))).toBeDefined();
    expect(compare(floats([1e30]), floats([Infinity]))).toBeDefined();
    expect(compare(floats([-Infinity]), floats([Infinity]))).toBeDefined();
    expect(compare(floats([Infinity]), floats([1]))).toBeDefined();
  });

  test('wants the same type, shape and number of elements', () => {
    expect(compare(undefined, floats([1]))).toBe('is missing');
    expect(compare(tensor('int32', Int32Array.of(1)), floats([1]))).toBe('has the type int32, and float32 is right');
    expect(compare(floats([1, 2], [1, 2]), floats([1, 2], [2, 1]))).toBe('has the shape [1,2], and [2,1] is right');
    expect(compare(floats([1], []), floats([1], [1]))).toBe('has the shape [], and [1] is right');
    expect(compare(floats([1], [2]), floats([1, 2], [2]))).toBe('holds 1 elements, and 2 are right');
    expect(compare(floats([], [0, 3]), floats([], [0, 3]))).toBeUndefined();
  });

  test('compares float16 and bfloat16 by value', () => {
    const halves = (...bits: number[]) => tensor('float16', Uint16Array.from(bits));
    // 1 and the next float16; the smallest subnormal and 0; both zeros; infinity and NaN.
    expect(compare(halves(0x3c01), halves(0x3c00))).toBeUndefined();
    expect(compare(halves(0x0001), halves(0x0000))).toBeUndefined();
    expect(compare(halves(0x8000), halves(0x0000))).toBeUndefined();
    expect(compare(halves(0x3c04), halves(0x3c00))).toContain('is 1.00390625, and 1 is right');
    expect(compare(halves(0xfc00, 0x7e00), halves(0xfc00, 0x7c01))).toBeUndefined();
    const bfloats = (...bits: number[]) => tensor('bfloat16', Uint16Array.from(bits));
    expect(compare(bfloats(0x3f80), bfloats(0xbf80))).toContain('is 1, and -1 is right');
    expect(compare(bfloats(0x7fc0), bfloats(0x7fc1))).toBeUndefined();
  });

  test('compares 64-bit integers and strings', () => {
    expect(compare(tensor('int64', BigInt64Array.of(7n)), tensor('int64', BigInt64Array.of(7n)))).toBeUndefined();
    expect(compare(tensor('int64', BigInt64Array.of(7n)), tensor('int64', BigInt64Array.of(-7n)))).toContain(
      'is 7, and -7',
    );
    expect(compare(tensor('string', ['a', '']), tensor('string', ['a', '']))).toBeUndefined();
    expect(compare(tensor('string', ['1']), tensor('string', ['1.0']))).toContain('is 1, and 1.0 is right');
  });
});

describe('exclusionList', () => {
  const list = exclusionList({
    sequences: ['test_sequence_*', 'test_*_opt'],
    'half of one folder': ['simple/test_a*'],
    'shadowed by the first': ['test_sequence_map'],
    unused: ['test_none', 'test_x.z'],
  });

  test('gives the reason of the first pattern that fits the whole name', () => {
    expect(list.reasonFor('node/test_sequence_map')).toBe('sequences');
    expect(list.reasonFor('node/test_identity_opt')).toBe('sequences');
    expect(list.reasonFor('node/test_identity_opt2')).toBeUndefined();
    expect(list.reasonFor('node/my_test_sequence_map')).toBeUndefined();
  });

  test('keeps a pattern with a slash to its folder', () => {
    expect(list.reasonFor('simple/test_abc')).toBe('half of one folder');
    expect(list.reasonFor('node/test_abc')).toBeUndefined();
  });

  test('takes everything but the star literally', () => {
    expect(list.reasonFor('node/test_xyz')).toBeUndefined();
    expect(list.reasonFor('node/test_x.z')).toBe('unused');
  });

  test('spares what a pattern with an exclamation mark fits, in its own reason', () => {
    const sparing = exclusionList({ attention: ['test_attention_*', '!*_expanded'], slow: ['*_3d_expanded'] });
    expect(sparing.reasonFor('node/test_attention_3d')).toBe('attention');
    expect(sparing.reasonFor('node/test_attention_4d_expanded')).toBeUndefined();
    expect(sparing.reasonFor('node/test_attention_3d_expanded')).toBe('slow');
  });

  test('names the patterns that exclude nothing', () => {
    const names = ['node/test_sequence_map', 'node/test_identity_opt', 'simple/test_a'];
    expect(list.idle(names)).toEqual(['test_sequence_map', 'test_none', 'test_x.z']);
  });
});

describe('summaryLines', () => {
  test('counts missing operators by case', () => {
    const error =
      'UNSUPPORTED_OPERATOR: operators not supported: STFT (opset 17, 1x, first "a"), ai.onnx.ml.Scaler (opset 3, 2x, first "b")';
    expect(missingOperators(error)).toEqual(['STFT', 'ai.onnx.ml.Scaler']);
    expect(missingOperators('INVALID_MODEL: node "a" (Add): no')).toEqual([]);
    const lines = summaryLines([{ name: 'node/a', status: 'failed', ms: 1, error }], []);
    expect(lines).toContain('missing operators, by cases: STFT 1, ai.onnx.ml.Scaler 1');
  });

  test('names what the exclusions no longer need', () => {
    const lines = summaryLines([{ name: 'node/a', status: 'excluded, but passes', ms: 1, reason: 'old' }], ['test_b']);
    expect(lines).toContain('excluded, but passing: node/a');
    expect(lines).toContain('exclusions that fit no case: test_b');
  });
});
