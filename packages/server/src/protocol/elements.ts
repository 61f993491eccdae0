import { Float16Array } from '@petamoriken/float16';
import { arrayTypeOf, type Tensor } from '@tessera/runtime';
import { RequestError } from '../errors.js';
import type { WireType } from './datatypes.js';

const integerLimits: Partial<Readonly<Record<WireType, readonly [bigint, bigint]>>> = {
  uint8: [0n, 255n],
  uint16: [0n, 65535n],
  uint32: [0n, 4294967295n],
  uint64: [0n, 2n ** 64n - 1n],
  int8: [-128n, 127n],
  int16: [-32768n, 32767n],
  int32: [-2147483648n, 2147483647n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
};

/** Elements as the runtime holds them from numbers, booleans or texts of a request. Throws naming the first that does not fit. */
export function toElements(type: WireType, values: readonly unknown[], what: string): Tensor['data'] {
  if (type === 'string')
    return values.map((value, i) => (typeof value === 'string' ? value : refuse(value, i, 'a text', what)));
  if (type === 'bool') return Uint8Array.from(values, (value, i) => booleanOf(value, i, what));
  const limits = integerLimits[type];
  if (limits) return integers(type, values, limits, what);
  return floats(type, values, what);
}

function booleanOf(value: unknown, index: number, what: string): number {
  if (value === true || value === 1) return 1;
  return value === false || value === 0 ? 0 : refuse(value, index, 'true, false, 0 or 1', what);
}

function integers(
  type: WireType,
  values: readonly unknown[],
  [min, max]: readonly [bigint, bigint],
  what: string,
): Tensor['data'] {
  const data = new (arrayTypeOf(type)!)(values.length);
  values.forEach((value, i) => {
    const isWhole = typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value));
    if (!isWhole || value < min || value > max) refuse(value, i, `a whole number from ${min} to ${max}`, what);
    data[i] = (
      data instanceof BigInt64Array || data instanceof BigUint64Array ? BigInt(value as number) : Number(value)
    ) as never;
  });
  return data;
}

function floats(type: WireType, values: readonly unknown[], what: string): Tensor['data'] {
  const numbers = Float64Array.from(values, (value, i) =>
    typeof value === 'number' ? value : refuse(value, i, 'a number', what),
  );
  if (type === 'float64') return numbers;
  if (type === 'float16') return new Uint16Array(Float16Array.from(numbers).buffer as ArrayBuffer);
  if (type === 'bfloat16') return Uint16Array.from(new Uint32Array(Float32Array.from(numbers).buffer), roundedHigh);
  return Float32Array.from(numbers);
}

/** The upper half of a float32's bits, rounded to nearest, ties to even; NaN stays NaN. */
function roundedHigh(bits: number): number {
  return (bits & 0x7fffffff) > 0x7f800000 ? (bits >>> 16) | 0x40 : (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}

function refuse(value: unknown, index: number, wanted: string, what: string): never {
  const text = typeof value === 'string' ? JSON.stringify(value.slice(0, 40)) : String(value).slice(0, 40);
  throw new RequestError('invalid', `element ${index} of ${what} is ${text}; it must be ${wanted}`);
}

/** Elements as JSON holds them: numbers, booleans or texts. 64-bit integers are rounded beyond 2^53; NaN and infinities become null. */
export function fromElements({ dataType, data }: Tensor): readonly (number | boolean | string)[] {
  if (!ArrayBuffer.isView(data)) return data;
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) return Array.from(data, Number);
  if (dataType === 'bool') return Array.from(data, (value) => value !== 0);
  if (dataType === 'float16')
    return Array.from(new Float16Array(data.buffer as ArrayBuffer, data.byteOffset, data.length));
  if (dataType === 'bfloat16') return Array.from(new Float32Array(Uint32Array.from(data, (bits) => bits << 16).buffer));
  return Array.from(data);
}
