import { describe, expect, it } from 'vitest';
import { smallFloatCodec, type SmallFloat } from '../../src/program/small-floats.js';

const finite = (dataType: SmallFloat) =>
  Array.from(smallFloatCodec(dataType).decoded, (value, code) => ({ value, code })).filter(({ value }) =>
    Number.isFinite(value),
  );

describe.each(['float8e4m3fn', 'float8e4m3fnuz', 'float8e5m2', 'float8e5m2fnuz', 'float4e2m1'] as const)(
  '%s',
  (type) => {
    const { encode, decoded } = smallFloatCodec(type);

    it('gives every value its own code back', () => {
      for (const { value, code } of finite(type)) expect(encode(value, {})).toBe(code);
    });

    it('rounds to the nearest value, and to the even code between two', () => {
      const values = finite(type).filter(({ value, code }) => value >= 0 && code < decoded.length / 2);
      for (let i = 1; i < values.length; i++) {
        const [low, high] = [values[i - 1], values[i]];
        const middle = (low.value + high.value) / 2;
        expect(encode(middle * 0.999, {})).toBe(low.code);
        expect(encode(middle * 1.001, {})).toBe(high.code);
        expect(encode(middle, {})).toBe(low.code % 2 === 0 ? low.code : high.code);
      }
    });
  },
);

describe('what a small float cannot hold', () => {
  const decode = (type: SmallFloat, value: number, saturate: boolean) => {
    const { encode, decoded } = smallFloatCodec(type);
    return decoded[encode(value, { saturate })];
  };

  it.each([
    ['float8e4m3fn', 448, NaN],
    ['float8e4m3fnuz', 240, NaN],
    ['float8e5m2', 57344, Infinity],
    ['float8e5m2fnuz', 57344, NaN],
    ['float4e2m1', 6, 6],
  ] as const)('of %s saturates at %f or becomes %f', (type, max, beyond) => {
    for (const value of [max * 1.5, Infinity]) {
      expect(decode(type, value, true)).toBe(max);
      expect(decode(type, -value, true)).toBe(-max);
      expect(decode(type, value, false)).toBe(beyond);
    }
  });

  it('is NaN and -0 in formats without a sign of zero', () => {
    expect(smallFloatCodec('float8e4m3fnuz').encode(-0, {})).toBe(0);
    expect(smallFloatCodec('float8e4m3fn').encode(-0, {})).toBe(0x80);
    expect(smallFloatCodec('float8e5m2fnuz').encode(NaN, {})).toBe(0x80);
  });
});

describe('float8e8m0', () => {
  const { encode, decoded } = smallFloatCodec('float8e8m0');

  it('holds powers of two, and rounds as it is told', () => {
    expect(decoded[127]).toBe(1);
    expect([1, 1.1, 1.5, 2].map((value) => decoded[encode(value, { mode: 'up' })])).toEqual([1, 2, 2, 2]);
    expect([1, 1.1, 1.5, 1.9].map((value) => decoded[encode(value, { mode: 'down' })])).toEqual([1, 1, 1, 1]);
    expect([1.4, 1.6, 3.1].map((value) => decoded[encode(value, { mode: 'nearest' })])).toEqual([1, 2, 4]);
    expect(encode(NaN, {})).toBe(255);
    expect(encode(Infinity, { saturate: false })).toBe(255);
    expect(decoded[encode(Infinity, {})]).toBe(2 ** 127);
  });
});
