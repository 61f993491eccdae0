import { describe, expect, it } from 'vitest';
import { gridOf } from '../../src/kernels/grid.js';
import { reduceTiling } from '../../src/kernels/reduce.js';
import { literal } from '../../src/kernels/storage-types.js';
import { collapseWalk, walkCode } from '../../src/kernels/walk.js';

describe('collapseWalk', () => {
  it('merges dimensions that every operand crosses with one stride', () => {
    const walk = { sizes: [2, 3, 1, 5], strides: { x: [15, 5, 9, 1], y: [30, 10, 0, 2] } };
    expect(collapseWalk(walk)).toEqual({ sizes: [30], strides: { x: [1], y: [2] } });
  });

  it('keeps dimensions apart where one operand jumps', () => {
    const walk = { sizes: [2, 3, 5], strides: { x: [15, 5, 1], table: [0, 1, 0] } };
    expect(collapseWalk(walk)).toEqual(walk);
  });

  it('merges dimensions along which an operand is repeated', () => {
    const walk = { sizes: [2, 3, 5], strides: { x: [15, 5, 1], table: [0, 0, 1] } };
    expect(collapseWalk(walk)).toEqual({ sizes: [6, 5], strides: { x: [5, 1], table: [0, 1] } });
  });

  it('leaves one dimension of a single element', () => {
    expect(collapseWalk({ sizes: [1, 1], strides: { x: [7, 7] } })).toEqual({ sizes: [1], strides: { x: [0] } });
  });
});

describe('walkCode', () => {
  it('gives equal text for equal ranks, whatever the sizes', () => {
    const code = (size: number) => walkCode('row', { sizes: [size, 7], strides: { x: [7, 1] } });
    expect(code(3).declarations).toBe(code(5).declarations);
    expect(code(3).params.map((param) => param.name)).toEqual(['row_size1', 'x_row_stride0', 'x_row_stride1']);
  });
});

describe('gridOf', () => {
  it('spreads over a second dimension beyond the limit', () => {
    const profile = { maxWorkgroupsPerDimension: 100 };
    expect(gridOf(99, profile).workgroups).toEqual([99, 1, 1]);
    expect(gridOf(250, profile)).toEqual({
      workgroups: [100, 3, 1],
      param: { name: 'grid_x', type: 'u32', value: 100 },
    });
    expect(gridOf(0, profile).workgroups).toEqual([0, 0, 1]);
  });
});

describe('reduceTiling', () => {
  const walk = (sizes: number[], x: number[]) => ({ sizes, strides: { x } });

  it('puts channels side by side where they are innermost', () => {
    expect(reduceTiling(walk([2048], [1]), walk([49], [2048]), true)).toEqual({ rows: 32, lanes: 8, splits: 1 });
  });

  it('gives a contiguous row to the lanes of one workgroup', () => {
    expect(reduceTiling(walk([512], [1024]), walk([1024], [1]), true)).toEqual({ rows: 1, lanes: 256, splits: 1 });
  });

  it('splits a few long rows, unless the caller cannot combine parts', () => {
    const [row, element] = [walk([32], [1]), walk([12544], [32])];
    expect(reduceTiling(row, element, true).splits).toBeGreaterThan(64);
    expect(reduceTiling(row, element, false).splits).toBe(1);
  });

  it('gives short rows one invocation each', () => {
    expect(reduceTiling(walk([1000], [3]), walk([3], [1]), true)).toEqual({ rows: 64, lanes: 1, splits: 1 });
  });
});

describe('literal', () => {
  it('writes numbers as WGSL of their type', () => {
    expect(literal(1, 'f32')).toBe('1.0f');
    expect(literal(0.5, 'f32')).toBe('0.5f');
    expect(literal(-Infinity, 'f32')).toBe('-3.4028234663852886e+38f');
    expect(literal(-Infinity, 'i32')).toBe('i32(-2147483647 - 1)');
    expect(literal(Infinity, 'u32')).toBe('4294967295u');
  });
});
