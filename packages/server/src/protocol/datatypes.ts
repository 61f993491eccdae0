import type { DataType } from '@tessera/runtime';

/** The protocol's name of each ONNX type that it can carry, and bytes of an element in binary (0: of any length). */
const table = {
  bool: { name: 'BOOL', bytes: 1 },
  uint8: { name: 'UINT8', bytes: 1 },
  uint16: { name: 'UINT16', bytes: 2 },
  uint32: { name: 'UINT32', bytes: 4 },
  uint64: { name: 'UINT64', bytes: 8 },
  int8: { name: 'INT8', bytes: 1 },
  int16: { name: 'INT16', bytes: 2 },
  int32: { name: 'INT32', bytes: 4 },
  int64: { name: 'INT64', bytes: 8 },
  float16: { name: 'FP16', bytes: 2 },
  bfloat16: { name: 'BF16', bytes: 2 },
  float32: { name: 'FP32', bytes: 4 },
  float64: { name: 'FP64', bytes: 8 },
  string: { name: 'BYTES', bytes: 0 },
} as const satisfies Partial<Readonly<Record<DataType, { readonly name: string; readonly bytes: number }>>>;

/** ONNX types that the protocol can carry. */
export type WireType = keyof typeof table;

const byName = new Map(Object.entries(table).map(([type, { name }]) => [name as string, type as WireType]));

/** The ONNX type of a protocol's name; undefined where there is none. */
export function wireTypeOf(datatype: string): WireType | undefined {
  return byName.get(datatype);
}

/** Names the protocol knows. */
export const datatypeNames: readonly string[] = [...byName.keys()];

export function isWireType(dataType: DataType): dataType is WireType {
  return dataType in table;
}

/** The protocol's name; ONNX's own for a type that the protocol lacks, so that metadata can be shown. */
export function datatypeName(dataType: DataType): string {
  return isWireType(dataType) ? table[dataType].name : dataType.toUpperCase();
}

/** Bytes of an element in binary; 0 for strings. */
export function wireBytes(type: WireType): number {
  return table[type].bytes;
}
