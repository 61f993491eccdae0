import { describe, expect, it } from 'vitest';
import { toBfloat16Bits, toFloat16Bits } from '../index.js';

/** The value of finite float16 bits. */
function float16(bits: number): number {
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  const magnitude = exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25);
  return bits & 0x8000 ? -magnitude : magnitude;
}

describe('toFloat16Bits', () => {
  it('keeps every finite value, and rounds halfway to even', () => {
    for (let bits = 0; bits < 0x7c00; bits++) {
      expect(toFloat16Bits(float16(bits))).toBe(bits);
      expect(toFloat16Bits(-float16(bits))).toBe(bits | 0x8000);
      if (bits === 0x7bff) continue;
      const halfway = (float16(bits) + float16(bits + 1)) / 2;
      expect(toFloat16Bits(halfway)).toBe(bits % 2 === 0 ? bits : bits + 1);
    }
  });

  it('overflows to infinity where rounding does, and keeps NaN', () => {
    expect([65519, 65520, -Infinity, NaN, 1e-10].map(toFloat16Bits)).toEqual([0x7bff, 0x7c00, 0xfc00, 0x7e00, 0]);
  });
});

describe('toBfloat16Bits', () => {
  it('rounds to nearest, ties to even', () => {
    const ulp = 2 ** -7;
    const values = [1, 1 + ulp / 2, 1 + 1.5 * ulp, 1 + 0.6 * ulp, -2, NaN, 3.4e38];
    expect(values.map(toBfloat16Bits)).toEqual([0x3f80, 0x3f80, 0x3f82, 0x3f81, 0xc000, 0x7fc0, 0x7f80]);
  });
});
