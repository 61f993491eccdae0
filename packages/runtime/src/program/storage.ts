import { Float16Array } from '@petamoriken/float16';
import type { ElementType } from '@tessera/conv-kernels';
import type { DataType } from '@tessera/onnx-loader';
import { TesseraError } from '../errors.js';
import { packedBytes, type PackedIntegers } from '../kernels/unpack.js';
import { arrayTypeOf, type TensorArray } from '../tensor.js';
import { byteSize } from './layout.js';

/** How a buffer stores an ONNX type: 64-bit types as 32-bit ones, small integers and booleans widened to 32 bits. */
export function storageType(dataType: DataType, floatType: 'f32' | 'f16', hasF16: boolean): ElementType {
  switch (dataType) {
    case 'float32':
      return floatType;
    case 'float16':
      return hasF16 ? 'f16' : 'f32';
    case 'float64':
    case 'bfloat16':
      return 'f32';
    case 'int64':
    case 'int32':
    case 'int16':
    case 'int8':
    case 'int4':
    case 'int2':
      return 'i32';
    case 'uint64':
    case 'uint32':
    case 'uint16':
    case 'uint8':
    case 'uint4':
    case 'uint2':
    case 'bool':
      return 'u32';
    default:
      throw new TesseraError('UNSUPPORTED_OPERATOR', `tensors of type ${dataType} cannot be held on the GPU`);
  }
}

const deviceTypes: ReadonlySet<DataType> = new Set([
  'float32',
  'float16',
  'bfloat16',
  'int64',
  'int32',
  'int16',
  'int8',
  'uint64',
  'uint32',
  'uint16',
  'uint8',
  'bool',
  'int4',
  'uint4',
  'int2',
  'uint2',
]);

/** Whether nodes on the device take a type; float64, strings and the floats of 8 and 4 bits stay on the host. */
export function isDeviceType(dataType: DataType): boolean {
  return deviceTypes.has(dataType);
}

/** How elements cross from the host to the GPU: as a buffer stores them, or as the host has them, for the GPU to convert. */
export type WireType = ElementType | PackedIntegers;

const packedTypes: Partial<Record<DataType, PackedIntegers>> = {
  uint8: 'u8',
  bool: 'u8',
  uint4: 'u8',
  uint2: 'u8',
  int8: 'i8',
  int4: 'i8',
  int2: 'i8',
  uint16: 'u16',
  int16: 'i16',
};

/**
 * The type in which an input crosses: what the host has where the GPU converts it (float32 for f16, small integers),
 * else what the buffer stores, which `encodeStorage` makes of the rest (64-bit integers, float64, bfloat16).
 */
export function wireType(dataType: DataType, elementType: ElementType): WireType {
  return dataType === 'float32' ? 'f32' : (packedTypes[dataType] ?? elementType);
}

/** Whether inputs of a type cross to the GPU as host memory has them. */
export function crossesAsIs(dataType: DataType, hasF16: boolean): boolean {
  if (!isDeviceType(dataType)) return false;
  const wire = wireType(dataType, storageType(dataType, 'f32', hasF16));
  return arrayTypeOf(dataType)!.BYTES_PER_ELEMENT === wireByteLength(wire, 1);
}

/** Whether the GPU takes integers out of words. */
export function isPacked(wire: WireType): wire is PackedIntegers {
  return Object.values(packedTypes).includes(wire as PackedIntegers);
}

export function wireByteLength(wire: WireType, count: number): number {
  return count * (isPacked(wire) ? packedBytes(wire) : byteSize(wire));
}

/**
 * Host elements as bytes of a wire type; a view where nothing has to be converted.
 * @throws TesseraError INVALID_INPUT where a 64-bit integer does not fit the 32 bits in which the GPU holds it.
 */
export function encodeWire(dataType: DataType, data: TensorArray, wire: WireType): Uint8Array {
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) requireFit(dataType, data);
  const stored = isPacked(wire) ? (data as Uint8Array) : encodeStorage(dataType, data, wire);
  return new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength);
}

function requireFit(dataType: DataType, data: BigInt64Array | BigUint64Array): void {
  const [min, max] = limits[dataType === 'int64' ? 'i32' : 'u32'];
  for (const value of data) {
    if (value >= min && value <= max) continue;
    const message = `a tensor of ${dataType} holds ${value}, beyond the 32 bits in which the GPU holds its elements`;
    throw new TesseraError('INVALID_INPUT', message);
  }
}

export type StorageArray =
  Float32Array<ArrayBuffer> | Uint16Array<ArrayBuffer> | Int32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;

type NumberArray = Exclude<TensorArray, readonly string[] | BigInt64Array | BigUint64Array>;

/** Values as float32, whatever the type (bits of the 16-bit floats decoded). */
export function toFloat32(dataType: DataType, data: TensorArray): Float32Array<ArrayBuffer> {
  if (data instanceof Float32Array) return data as Float32Array<ArrayBuffer>;
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) return Float32Array.from(data, Number);
  if (dataType === 'float16') return new Float32Array(halves(data as Uint16Array));
  if (dataType === 'bfloat16')
    return new Float32Array(Uint32Array.from(data as Uint16Array, (bits) => bits << 16).buffer);
  return Float32Array.from(data as NumberArray);
}

function halves(bits: Uint16Array): Float16Array {
  return new Float16Array(bits.buffer as ArrayBuffer, bits.byteOffset, bits.length);
}

const limits = { i32: [-2147483648, 2147483647], u32: [0, 4294967295] } as const;

/** Host elements as a buffer stores them. 64-bit integers beyond 32 bits saturate. */
export function encodeStorage(dataType: DataType, data: TensorArray, elementType: ElementType): StorageArray {
  switch (elementType) {
    case 'f32':
      return toFloat32(dataType, data);
    case 'f16':
      if (dataType === 'float16') return data as Uint16Array<ArrayBuffer>;
      return new Uint16Array(new Float16Array(toFloat32(dataType, data)).buffer as ArrayBuffer);
    default: {
      const [min, max] = limits[elementType];
      const numbers = data as NumberArray;
      const words = elementType === 'i32' ? new Int32Array(data.length) : new Uint32Array(data.length);
      for (let i = 0; i < words.length; i++) words[i] = Math.min(max, Math.max(min, Number(numbers[i])));
      return words;
    }
  }
}

/** The bytes of a buffer as host elements of an ONNX type; the inverse of `encodeStorage`. `bytes` is owned by the result. */
export function decodeStorage(
  bytes: ArrayBuffer,
  count: number,
  elementType: ElementType,
  dataType: DataType,
): TensorArray {
  switch (elementType) {
    case 'f32': {
      const floats = new Float32Array(bytes, 0, count);
      if (dataType === 'float16') return new Uint16Array(new Float16Array(floats).buffer as ArrayBuffer);
      if (dataType === 'bfloat16') return Uint16Array.from(new Uint32Array(bytes, 0, count), roundToBfloat16);
      return dataType === 'float64' ? new Float64Array(floats) : floats;
    }
    case 'f16': {
      const bits = new Uint16Array(bytes, 0, count);
      return dataType === 'float16' ? bits : new Float32Array(halves(bits));
    }
    default:
      return integers(
        elementType === 'i32' ? new Int32Array(bytes, 0, count) : new Uint32Array(bytes, 0, count),
        dataType,
      );
  }
}

/** The bfloat16 bits nearest to a float32's bits, ties to even; NaN stays NaN. */
export function roundToBfloat16(bits: number): number {
  return (bits & 0x7fffffff) > 0x7f800000 ? (bits >>> 16) | 0x40 : (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}

function integers(words: Int32Array | Uint32Array, dataType: DataType): TensorArray {
  switch (dataType) {
    case 'int64':
      return BigInt64Array.from(words as Int32Array, BigInt);
    case 'uint64':
      return BigUint64Array.from(words as Uint32Array, BigInt);
    case 'int16':
      return Int16Array.from(words);
    case 'int8':
    case 'int4':
    case 'int2':
      return Int8Array.from(words);
    case 'uint16':
      return Uint16Array.from(words);
    case 'uint8':
    case 'uint4':
    case 'uint2':
    case 'bool':
      return Uint8Array.from(words);
    default:
      return words;
  }
}
