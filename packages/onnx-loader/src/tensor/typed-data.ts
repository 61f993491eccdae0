import type { DataType } from '../model.js';

/** A 64-bit integer as decoded: a number, or a bigint beyond 2^53. */
export type Integer = number | bigint;

function floats(values: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(values.length * 4));
  values.forEach((value, i) => view.setFloat32(i * 4, value, true));
  return new Uint8Array(view.buffer);
}

function doubles(values: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(values.length * 8));
  values.forEach((value, i) => view.setFloat64(i * 8, value, true));
  return new Uint8Array(view.buffer);
}

/** Little-endian, each cut to its low `bytes` bytes. */
function integers(values: readonly Integer[], bytes: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(values.length * bytes));
  for (let i = 0; i < values.length; i++) {
    const at = i * bytes;
    if (bytes === 8) view.setBigInt64(at, BigInt.asIntN(64, BigInt(values[i])), true);
    else if (bytes === 4) view.setInt32(at, Number(BigInt.asIntN(32, BigInt(values[i]))), true);
    else if (bytes === 2) view.setInt16(at, Number(values[i]), true);
    else view.setInt8(at, Number(values[i]));
  }
  return new Uint8Array(view.buffer);
}

/** The elements of a typed field (float_data, int32_data, ...) in the form raw_data has. */
export function packTypedData(dataType: DataType, values: readonly Integer[]): Uint8Array {
  switch (dataType) {
    case 'float32':
    case 'complex64':
      return floats(values as readonly number[]);
    case 'float64':
    case 'complex128':
      return doubles(values as readonly number[]);
    case 'int64':
    case 'uint64':
      return integers(values, 8);
    case 'int32':
    case 'uint32':
      return integers(values, 4);
    case 'int16':
    case 'uint16':
    case 'float16':
    case 'bfloat16':
      return integers(values, 2);
    default:
      // 8-bit types, and those of 4 and 2 bits, of which one integer holds a whole packed byte.
      return integers(values, 1);
  }
}

/** How many entries of its typed field `count` elements of this type take. */
export function typedLength(dataType: DataType, count: number): number {
  switch (dataType) {
    case 'complex64':
    case 'complex128':
      return count * 2;
    case 'int4':
    case 'uint4':
    case 'float4e2m1':
      return Math.ceil(count / 2);
    case 'int2':
    case 'uint2':
      return Math.ceil(count / 4);
    default:
      return count;
  }
}
