import { floatBits, fromHalf, putHalves, toHalf, type FloatBits } from '../half.js';

/** 2^e with most * 2^e in [2^14, 2^15), e at most 100 so that 2^-e is a normal f32; 1 for 0. */
export function powerOfTwoScale(most: number): number {
  if (most === 0) return 1;
  const { values, bits } = single;
  values[0] = most;
  return 2 ** Math.min(100, 14 + 127 - ((bits[0] >>> 23) & 255));
}

const single = floatBits(new Float32Array(1));

/**
 * The bits of the nearest f16, but 0 only for 0, so that a product with infinity is infinite. With `lowHalf` it gives
 * the value to 22 bits or 2^-25, whichever is more.
 */
export function highHalf(value: number): number {
  const high = toHalf(value);
  return value !== 0 && (high & 0x7fff) === 0 ? high | 1 : high;
}

/** The bits of the f16 nearest to what a high half lacks; 0 where that is not finite. */
export function lowHalf(value: number, high: number): number {
  const rest = value - fromHalf(high);
  return Number.isFinite(rest) ? toHalf(rest) : 0;
}

/** Room for a row of f32 values, and for what their high halves lack. */
export interface SplitRow {
  readonly values: FloatBits;
  readonly rest: FloatBits;
}

/** Room for rows of `length` values. */
export function splitRow(length: number): SplitRow {
  return { values: floatBits(new Float32Array(length)), rest: floatBits(new Float32Array(length)) };
}

/** Writes `highHalf` and `lowHalf` of the first `count` values of a row. */
export function putSplitHalves(row: SplitRow, count: number, out: Uint16Array, highAt: number, lowAt: number): void {
  const { values } = row.values;
  const rest = row.rest.values;
  putHalves(row.values, count, out, highAt);
  for (let i = 0; i < count; i++) {
    if ((out[highAt + i] & 0x7fff) === 0) out[highAt + i] = highHalf(values[i]);
    rest[i] = values[i] - fromHalf(out[highAt + i]);
    if (!Number.isFinite(rest[i])) rest[i] = 0;
  }
  putHalves(row.rest, count, out, lowAt);
}
