const scratch = new Float32Array(1);
const scratchBits = new Int32Array(scratch.buffer);

/** The bits of f32 magnitudes: 2^-14, and what rounds to infinity; and the difference of the exponents' biases. */
const leastNormal = 0x38800000;
const leastInfinite = 0x477ff000;
const rebias = 0x38000000;

/** The bits of the IEEE binary16 nearest to `value` (ties to even); beyond 65504 it is infinity. */
export function toHalf(value: number): number {
  scratch[0] = value;
  const bits = scratchBits[0];
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude >= leastNormal && magnitude < leastInfinite) {
    return sign | ((magnitude + 0xfff + ((magnitude >>> 13) & 1) - rebias) >>> 13);
  }
  const exponent = magnitude >>> 23;
  const mantissa = bits & 0x7fffff;
  if (exponent === 0xff) return sign | 0x7c00 | (mantissa === 0 ? 0 : 0x200);
  const scaled = exponent - 112;
  if (scaled >= 31) return sign | 0x7c00;
  if (scaled <= 0) {
    if (scaled < -10) return sign;
    return sign | roundShift(mantissa | 0x800000, 14 - scaled);
  }
  return sign + roundShift((scaled << 23) | mantissa, 13);
}

/** f32 values, and their bits. */
export interface FloatBits {
  readonly values: Float32Array;
  readonly bits: Int32Array;
}

/** Writes the halves nearest to the first `count` values to `out` from `at` on, as `toHalf` gives them. */
export function putHalves({ values, bits }: FloatBits, count: number, out: Uint16Array, at: number): void {
  for (let i = 0; i < count; i++) {
    const word = bits[i];
    const magnitude = word & 0x7fffffff;
    out[at + i] =
      magnitude >= leastNormal && magnitude < leastInfinite
        ? ((word >>> 16) & 0x8000) | ((magnitude + 0xfff + ((magnitude >>> 13) & 1) - rebias) >>> 13)
        : toHalf(values[i]);
  }
}

/** The halves nearest to all values. */
export function toHalves(values: Float32Array): Uint16Array<ArrayBuffer> {
  const halves = new Uint16Array(values.length);
  putHalves(floatBits(values), values.length, halves, 0);
  return halves;
}

/** A view of the bits of values. */
export function floatBits(values: Float32Array): FloatBits {
  return { values, bits: new Int32Array(values.buffer, values.byteOffset, values.length) };
}

/** `bits >> shift`, rounded to nearest, ties to even. A carry into the exponent is the right result. */
function roundShift(bits: number, shift: number): number {
  const half = 2 ** (shift - 1);
  const rest = bits % (half * 2);
  const whole = (bits - rest) / (half * 2);
  if (rest > half || (rest === half && whole % 2 === 1)) return whole + 1;
  return whole;
}

/** The value of a binary16 bit pattern. */
export function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 31;
  const mantissa = bits & 0x3ff;
  if (exponent > 0 && exponent < 31) {
    scratchBits[0] = ((bits & 0x8000) << 16) | (((bits & 0x7fff) << 13) + rebias);
    return scratch[0];
  }
  if (exponent === 31) return mantissa === 0 ? sign * Infinity : NaN;
  return sign * mantissa * 2 ** -24;
}
