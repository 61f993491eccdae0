import { describe, expect, it } from 'vitest';
import { denseStrides, hasLayout, layoutOf } from '../../src/program/layout.js';

describe('layout', () => {
  it('gives row-major and channels-last strides', () => {
    expect(denseStrides([2, 3, 5, 7], 'row-major')).toEqual([105, 35, 7, 1]);
    expect(denseStrides([2, 3, 5, 7], 'channels-last')).toEqual([105, 1, 21, 3]);
    expect(denseStrides([2, 3, 5], 'channels-last')).toEqual([15, 1, 3]);
    expect(denseStrides([4, 6], 'channels-last')).toEqual([6, 1]);
    expect(denseStrides([], 'row-major')).toEqual([]);
  });

  it('ignores strides of dimensions of size 1', () => {
    const pooled = { shape: [2, 8, 1, 1], strides: [8, 1, 99, 99] };
    expect(hasLayout(pooled, 'row-major')).toBe(true);
    expect(hasLayout(pooled, 'channels-last')).toBe(true);
    expect(layoutOf(pooled)).toBe('row-major');
  });

  it('knows a view from a dense tensor', () => {
    expect(layoutOf({ shape: [2, 3, 5, 7], strides: [105, 1, 21, 3] })).toBe('channels-last');
    expect(layoutOf({ shape: [2, 3, 5, 7], strides: [210, 1, 42, 6] })).toBeUndefined();
  });
});
