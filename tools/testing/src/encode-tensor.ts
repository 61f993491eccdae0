import { elementCount } from '@tessera/onnx-loader';
import type { DataType } from '@tessera/onnx-loader';
import { dataTypeNumber, int64 } from '@tessera/onnx-loader/schema';
import type { TensorMessage } from '@tessera/onnx-loader/schema';
import { toBfloat16Bits, toFloat16Bits } from './half.js';

/** A tensor to be written into a model. */
export interface TensorSpec {
  readonly name?: string;
  readonly dataType: DataType;
  readonly dims: readonly number[];
  /**
   * Row-major elements. float16 and bfloat16 are rounded to, except from a Uint16Array, which holds their bits; float8
   * and float4 are given as their bits; complex as (real, imaginary) pairs; 4- and 2-bit types one to an array element.
   */
  readonly data: ArrayLike<number | bigint | boolean> | readonly string[];
  /** raw_data (the default), or the type's own field: float_data, int32_data, ... */
  readonly encoding?: 'raw' | 'typed';
}

/** A tensor whose elements are in a file beside the model. */
export interface ExternalTensorSpec {
  readonly name?: string;
  readonly dataType: DataType;
  readonly dims: readonly number[];
  readonly external: { readonly location: string; readonly offset?: number; readonly length?: number };
}

type Write = (view: DataView, at: number, value: number | bigint) => void;

const writers: Readonly<Partial<Record<DataType, readonly [bytes: number, write: Write]>>> = {
  float32: [4, (view, at, value) => view.setFloat32(at, Number(value), true)],
  float64: [8, (view, at, value) => view.setFloat64(at, Number(value), true)],
  complex64: [4, (view, at, value) => view.setFloat32(at, Number(value), true)],
  complex128: [8, (view, at, value) => view.setFloat64(at, Number(value), true)],
  int64: [8, (view, at, value) => view.setBigInt64(at, BigInt(value), true)],
  uint64: [8, (view, at, value) => view.setBigUint64(at, BigInt(value), true)],
  int32: [4, (view, at, value) => view.setInt32(at, Number(value), true)],
  uint32: [4, (view, at, value) => view.setUint32(at, Number(value), true)],
  int16: [2, (view, at, value) => view.setInt16(at, Number(value), true)],
  uint16: [2, (view, at, value) => view.setUint16(at, Number(value), true)],
  float16: [2, (view, at, value) => view.setUint16(at, Number(value), true)],
  bfloat16: [2, (view, at, value) => view.setUint16(at, Number(value), true)],
};

const packedBits: Readonly<Partial<Record<DataType, 2 | 4>>> = { int4: 4, uint4: 4, float4e2m1: 4, int2: 2, uint2: 2 };

export function encodeTensor(spec: TensorSpec | ExternalTensorSpec): TensorMessage {
  const base = { name: spec.name ?? '', dataType: dataTypeNumber(spec.dataType), dims: [...spec.dims] };
  if ('external' in spec) {
    const externalData = Object.entries(spec.external).map(([key, value]) => ({ key, value: String(value) }));
    return { ...base, dataLocation: 1, externalData };
  }
  const count = elementCount(spec.dims) * (spec.dataType.startsWith('complex') ? 2 : 1);
  if (spec.data.length !== count) {
    throw new Error(
      `Tensor '${base.name}' of dims [${spec.dims.join(', ')}] needs ${count} values, not ${spec.data.length}.`,
    );
  }
  if (spec.dataType === 'string') {
    const encoder = new TextEncoder();
    return { ...base, stringData: Array.from(spec.data as readonly string[], (text) => encoder.encode(text)) };
  }
  const values = storedValues(spec.dataType, spec.data as ArrayLike<number | bigint | boolean>);
  if (spec.encoding === 'typed') return { ...base, ...typedField(spec.dataType, values) };
  return { ...base, rawData: rawBytes(spec.dataType, values) };
}

/** Numbers as their type stores them: 16-bit floats as bits, packed types as whole bytes. */
function storedValues(dataType: DataType, data: ArrayLike<number | bigint | boolean>): (number | bigint)[] {
  const values = Array.from(data, (value) => (typeof value === 'boolean' ? Number(value) : value));
  if (dataType === 'float16' && !(data instanceof Uint16Array)) return values.map((v) => toFloat16Bits(Number(v)));
  if (dataType === 'bfloat16' && !(data instanceof Uint16Array)) return values.map((v) => toBfloat16Bits(Number(v)));
  const bits = packedBits[dataType];
  return bits === undefined ? values : pack(values.map(Number), bits);
}

/** Low bits of a byte first. */
function pack(values: readonly number[], bits: 2 | 4): number[] {
  const perByte = 8 / bits;
  const mask = (1 << bits) - 1;
  const bytes = new Array<number>(Math.ceil(values.length / perByte)).fill(0);
  values.forEach((value, i) => (bytes[Math.floor(i / perByte)] |= (value & mask) << ((i % perByte) * bits)));
  return bytes;
}

function rawBytes(dataType: DataType, values: readonly (number | bigint)[]): Uint8Array {
  const [bytes, write] = writers[dataType] ?? [1, (view, at, value) => view.setUint8(at, Number(value))];
  const view = new DataView(new ArrayBuffer(values.length * bytes));
  values.forEach((value, i) => write(view, i * bytes, value));
  return new Uint8Array(view.buffer);
}

function typedField(dataType: DataType, values: readonly (number | bigint)[]): Partial<TensorMessage> {
  switch (dataType) {
    case 'float32':
    case 'complex64':
      return { floatData: values.map(Number) };
    case 'float64':
    case 'complex128':
      return { doubleData: values.map(Number) };
    case 'int64':
      return { int64Data: values.map(int64) };
    case 'uint32':
    case 'uint64':
      return { uint64Data: values.map(int64) };
    default:
      return { int32Data: values.map(Number) };
  }
}
