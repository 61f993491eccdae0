import { describe, expect, it } from 'vitest';
import { toHalves } from '../src/half.js';
import { fromHalf, toHalf } from '../src/index.js';
import { implicitConv } from '../src/implicit.js';
import { blockPacking } from '../src/packing/blocks.js';
import { convProblem } from '../gpu/cases.js';
import { random } from '../gpu/random.js';

describe('blockPacking', () => {
  it('orders weights [group][block][tap][channel][column], with zeros beyond the last column', () => {
    const p = implicitConv(convProblem({ channels: [4, 6], size: [4, 5], kernel: [1, 2], groups: 2 }));
    const packing = blockPacking(p, 4);
    const oihw = Float32Array.from({ length: 6 * 2 * 2 }, (_, i) => i + 1);
    const packed = packing.pack(oihw) as Float32Array;
    expect(packed.byteLength).toBe(packing.byteLength);
    const at = (o: number, c: number, t: number): number => oihw[(o * 2 + c) * 2 + t];
    const row = (g: number, t: number, c: number): number[] => [
      at(3 * g, c, t),
      at(3 * g + 1, c, t),
      at(3 * g + 2, c, t),
      0,
    ];
    const want = [0, 1].flatMap((g) => [0, 1].flatMap((t) => [0, 1].flatMap((c) => row(g, t, c))));
    expect([...packed]).toEqual(want);
  });

  it('has a key for each order of bytes', () => {
    const p = implicitConv(convProblem({ channels: [4, 6], size: [4, 5], kernel: [3, 3] }));
    const half = { ...p, elementType: 'f16' as const };
    const keys = [blockPacking(p, 4), blockPacking(p, 8), blockPacking(p, 8, 32), blockPacking(half, 8)].map(
      (k) => k.key,
    );
    expect(new Set(keys).size).toBe(4);
    expect(blockPacking(half, 8).byteLength * 2).toBe(blockPacking(p, 8).byteLength);
  });
});

describe('toHalf', () => {
  it('gives back every half there is', () => {
    for (let bits = 0; bits < 65536; bits++) {
      const value = fromHalf(bits);
      if (!Number.isNaN(value)) expect(toHalf(value)).toBe(bits);
    }
  });

  it('gives what toHalves gives of many values', () => {
    const source = random(7);
    const special = [0, -0, NaN, Infinity, -Infinity, 65519, 65520, 1e-8, 2 ** -25, 3 * 2 ** -25];
    const drawn = Array.from({ length: 500 }, () => (source.next() * 2 - 1) * 2 ** source.int(-28, 18));
    const values = Float32Array.from([...special, ...drawn]);
    expect(Array.from(toHalves(values))).toEqual(Array.from(values, toHalf));
  });

  it('rounds to nearest, ties to even, and overflows to infinity', () => {
    expect(fromHalf(toHalf(1 + 2 ** -11))).toBe(1);
    expect(fromHalf(toHalf(1 + 3 * 2 ** -11))).toBe(1 + 2 ** -9);
    expect(fromHalf(toHalf(2 ** -25))).toBe(0);
    expect(fromHalf(toHalf(65519))).toBe(65504);
    expect(toHalf(65520)).toBe(0x7c00);
    expect(toHalf(-1e30)).toBe(0xfc00);
    expect(Number.isNaN(fromHalf(toHalf(NaN)))).toBe(true);
  });
});
