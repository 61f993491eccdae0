const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** Bits of the nearest float16, ties to even. */
export function toFloat16Bits(value: number): number {
  float[0] = value;
  const sign = (bits[0] >>> 16) & 0x8000;
  const magnitude = Math.abs(float[0]);
  if (Number.isNaN(magnitude)) return 0x7e00;
  // 65520 lies halfway between the largest float16 and the next power of two.
  if (magnitude >= 65520) return sign | 0x7c00;
  const exponent = Math.max(Math.floor(Math.log2(magnitude)), -14);
  // Below 2^-14 the spacing no longer shrinks, and the fraction has no leading one to leave out.
  const steps = roundToEven(magnitude / 2 ** (exponent - 10));
  return sign | (((exponent + 14) << 10) + steps);
}

/** Bits of the nearest bfloat16, ties to even. */
export function toBfloat16Bits(value: number): number {
  float[0] = value;
  if (Number.isNaN(float[0])) return 0x7fc0;
  const low = bits[0] & 0xffff;
  const high = bits[0] >>> 16;
  const up = low > 0x8000 || (low === 0x8000 && (high & 1) === 1);
  return up ? high + 1 : high;
}

function roundToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}
