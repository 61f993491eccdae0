import type { DataType } from '../model.js';

/** Field of TensorProto that holds a type's elements where raw_data does not. */
export type TypedField = 'floatData' | 'int32Data' | 'int64Data' | 'doubleData' | 'uint64Data' | 'stringData';

interface DataTypeInfo {
  /** TensorProto.DataType. */
  readonly number: number;
  /** Width of an element in raw_data; 0 for strings, whose width varies. */
  readonly bits: number;
  readonly field: TypedField;
}

const table: Readonly<Record<DataType, DataTypeInfo>> = {
  float32: { number: 1, bits: 32, field: 'floatData' },
  uint8: { number: 2, bits: 8, field: 'int32Data' },
  int8: { number: 3, bits: 8, field: 'int32Data' },
  uint16: { number: 4, bits: 16, field: 'int32Data' },
  int16: { number: 5, bits: 16, field: 'int32Data' },
  int32: { number: 6, bits: 32, field: 'int32Data' },
  int64: { number: 7, bits: 64, field: 'int64Data' },
  string: { number: 8, bits: 0, field: 'stringData' },
  bool: { number: 9, bits: 8, field: 'int32Data' },
  float16: { number: 10, bits: 16, field: 'int32Data' },
  float64: { number: 11, bits: 64, field: 'doubleData' },
  uint32: { number: 12, bits: 32, field: 'uint64Data' },
  uint64: { number: 13, bits: 64, field: 'uint64Data' },
  complex64: { number: 14, bits: 64, field: 'floatData' },
  complex128: { number: 15, bits: 128, field: 'doubleData' },
  bfloat16: { number: 16, bits: 16, field: 'int32Data' },
  float8e4m3fn: { number: 17, bits: 8, field: 'int32Data' },
  float8e4m3fnuz: { number: 18, bits: 8, field: 'int32Data' },
  float8e5m2: { number: 19, bits: 8, field: 'int32Data' },
  float8e5m2fnuz: { number: 20, bits: 8, field: 'int32Data' },
  uint4: { number: 21, bits: 4, field: 'int32Data' },
  int4: { number: 22, bits: 4, field: 'int32Data' },
  float4e2m1: { number: 23, bits: 4, field: 'int32Data' },
  float8e8m0: { number: 24, bits: 8, field: 'int32Data' },
  uint2: { number: 25, bits: 2, field: 'int32Data' },
  int2: { number: 26, bits: 2, field: 'int32Data' },
};

const byNumber = new Map<number, DataType>(
  Object.entries(table).map(([name, info]) => [info.number, name as DataType]),
);

/** The type of a TensorProto.DataType number; undefined for UNDEFINED (0) and numbers ONNX has not given out. */
export function dataTypeOf(number: number): DataType | undefined {
  return byNumber.get(number);
}

/** The TensorProto.DataType number of a type. */
export function dataTypeNumber(dataType: DataType): number {
  return table[dataType].number;
}

/** Width of one element as stored in `Tensor.bytes`, in bits; 0 for strings. */
export function bitsPerElement(dataType: DataType): number {
  return table[dataType].bits;
}

export function typedField(dataType: DataType): TypedField {
  return table[dataType].field;
}

/** Product of the sizes: 1 for a scalar. Exact up to 2^53. */
export function elementCount(dims: readonly number[]): number {
  return dims.reduce((product, size) => product * size, 1);
}

/** Bytes that `count` elements take in `Tensor.bytes`; the last byte of a packed type may be part empty. */
export function storedBytes(dataType: DataType, count: number): number {
  return Math.ceil((count * bitsPerElement(dataType)) / 8);
}
