import type { DataType } from '@tessera/onnx-loader';

/** How a float of 8 or 4 bits is laid out (OCP 8-bit Floating Point Specification; ONNX's technical note on float8). */
interface Format {
  readonly exponentBits: number;
  readonly mantissaBits: number;
  readonly bias: number;
  /** Codes of what is no number; the sign is not among them. */
  readonly nan?: number;
  readonly infinity?: number;
  /** Without a code for -0: 0x80 is NaN. */
  readonly isUnsignedZero?: boolean;
}

export type SmallFloat =
  'float8e4m3fn' | 'float8e4m3fnuz' | 'float8e5m2' | 'float8e5m2fnuz' | 'float8e8m0' | 'float4e2m1';

const formats: Readonly<Record<Exclude<SmallFloat, 'float8e8m0'>, Format>> = {
  float8e4m3fn: { exponentBits: 4, mantissaBits: 3, bias: 7, nan: 0x7f },
  float8e4m3fnuz: { exponentBits: 4, mantissaBits: 3, bias: 8, nan: 0x80, isUnsignedZero: true },
  float8e5m2: { exponentBits: 5, mantissaBits: 2, bias: 15, nan: 0x7e, infinity: 0x7c },
  float8e5m2fnuz: { exponentBits: 5, mantissaBits: 2, bias: 16, nan: 0x80, isUnsignedZero: true },
  // Has no NaN; one becomes -0, as in ONNX's reference.
  float4e2m1: { exponentBits: 2, mantissaBits: 1, bias: 1 },
};

export function isSmallFloat(dataType: DataType): dataType is SmallFloat {
  return dataType in formats || dataType === 'float8e8m0';
}

/** How a value between two of a format's is rounded: to the nearest, ties to even, or (of float8e8m0) up or down. */
export interface Rounding {
  /** Values beyond the largest become it; without it, infinity or NaN. */
  readonly saturate?: boolean;
  readonly mode?: 'nearest' | 'up' | 'down';
}

interface Codec {
  /** Values by code. */
  readonly decoded: Float32Array;
  encode(value: number, rounding: Rounding): number;
}

/** The codec of a format; float8e8m0 holds powers of two alone. */
export function smallFloatCodec(dataType: SmallFloat): Codec {
  let codec = codecs.get(dataType);
  if (!codec) {
    codec = dataType === 'float8e8m0' ? powerCodec() : formatCodec(formats[dataType]);
    codecs.set(dataType, codec);
  }
  return codec;
}

const codecs = new Map<SmallFloat, Codec>();

function formatCodec(format: Format): Codec {
  const { exponentBits, mantissaBits, bias, nan, infinity, isUnsignedZero } = format;
  const signBit = 1 << (exponentBits + mantissaBits);
  const decoded = Float32Array.from({ length: 2 * signBit }, (_, code) => {
    const rest = code & (signBit - 1);
    const sign = code & signBit ? -1 : 1;
    if (isUnsignedZero && code === nan) return NaN;
    if (!isUnsignedZero && infinity === undefined && rest === nan) return NaN;
    if (infinity !== undefined && rest > infinity) return NaN;
    if (rest === infinity) return sign * Infinity;
    const exponent = rest >> mantissaBits;
    const mantissa = rest & ((1 << mantissaBits) - 1);
    const significand = exponent === 0 ? mantissa : mantissa + (1 << mantissaBits);
    return sign * significand * 2 ** (Math.max(1, exponent) - bias - mantissaBits);
  });
  const positive = decoded.subarray(0, signBit);
  const max = positive.reduce((best, value) => (value > best && value < Infinity ? value : best), 0);
  const codes = new Map(Array.from(positive, (value, code) => [value, code]));
  return { decoded, encode };

  function encode(value: number, { saturate = true }: Rounding): number {
    if (Number.isNaN(value)) return nan ?? signBit;
    const sign = value < 0 || Object.is(value, -0) ? signBit : 0;
    const size = roundToMantissa(Math.abs(value), mantissaBits, 1 - bias);
    if (size > max) return overflow(sign);
    const code = codes.get(size)!;
    return isUnsignedZero && code === 0 ? 0 : sign | code;

    function overflow(signCode: number): number {
      if (saturate || (nan === undefined && infinity === undefined)) return signCode | codes.get(max)!;
      if (infinity !== undefined) return signCode | infinity;
      return isUnsignedZero ? nan! : signCode | nan!;
    }
  }
}

/** A positive value with so many bits behind the leading one, ties to even; exponents end at `minExponent`. */
function roundToMantissa(value: number, mantissaBits: number, minExponent: number): number {
  if (value === 0 || value === Infinity) return value;
  const exponent = Math.max(minExponent, floorLog2(value));
  const unit = 2 ** (exponent - mantissaBits);
  const [whole, rest] = [Math.floor(value / unit), (value / unit) % 1];
  const isUp = rest > 0.5 || (rest === 0.5 && whole % 2 === 1);
  return (whole + (isUp ? 1 : 0)) * unit;
}

function floorLog2(value: number): number {
  const guess = Math.floor(Math.log2(value));
  if (2 ** guess > value) return guess - 1;
  return 2 ** (guess + 1) <= value ? guess + 1 : guess;
}

const powerBias = 127;
const powerNan = 255;

/** float8e8m0: code c is 2^(c - 127), 255 NaN; there is no sign and no zero. */
function powerCodec(): Codec {
  const decoded = Float32Array.from({ length: 256 }, (_, code) => (code === powerNan ? NaN : 2 ** (code - powerBias)));
  return {
    decoded,
    encode(value, { saturate = true, mode = 'up' }) {
      const size = Math.abs(value);
      if (Number.isNaN(size)) return powerNan;
      if (size === Infinity) return saturate ? powerNan - 1 : powerNan;
      if (size === 0) return 0;
      const below = floorLog2(size);
      const fraction = size / 2 ** below;
      const isUp = mode === 'up' ? fraction > 1 : mode === 'nearest' && fraction >= 1.5;
      const code = below + (isUp ? 1 : 0) + powerBias;
      if (code >= powerNan) return saturate ? powerNan - 1 : powerNan;
      return Math.max(0, code);
    },
  };
}
