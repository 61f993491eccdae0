import onnxProto from 'onnx-proto';
import type protobuf from 'protobufjs/minimal.js';

/**
 * The Reader class of the protobufjs that onnx-proto itself loaded, which may be another copy than ours: its decoders
 * take readers of that class alone. `decodeDelimited` makes one and hands it to `this.decode`.
 */
const { constructor } = onnxProto.onnx.ModelProto.decodeDelimited.call(
  { decode: (reader: protobuf.Reader) => reader },
  Uint8Array.of(0),
) as unknown as protobuf.Reader;
const Reader = constructor as typeof protobuf.Reader;

const LENGTH_DELIMITED = 2;
const TWO_32 = 2 ** 32;

/** A 64-bit varint: a number where that is exact, else a bigint. Bits past the 64th are dropped. */
function readVarint64(reader: protobuf.Reader, signed: boolean): number | bigint {
  const bits = { low: 0, high: 0 };
  for (let shift = 0; ; shift += 7) {
    if (shift > 63) throw new RangeError('a varint is longer than 10 bytes');
    if (reader.pos >= reader.len) throw new RangeError('a varint is cut off');
    const byte = reader.buf[reader.pos++];
    const group = byte & 127;
    if (shift < 32) bits.low |= group << shift;
    if (shift > 24) bits.high |= shift < 32 ? group >>> (32 - shift) : group << (shift - 32);
    if (byte < 128) break;
  }
  const high = signed ? bits.high : bits.high >>> 0;
  const value = high * TWO_32 + (bits.low >>> 0);
  return Number.isSafeInteger(value) ? value : (BigInt(high) << 32n) | BigInt(bits.low >>> 0);
}

/** A reader that gives 64-bit integers as numbers or bigints, not as one Long object for each. */
export function createReader(bytes: Uint8Array): protobuf.Reader {
  const reader = new Reader(bytes);
  return Object.assign(reader, {
    int64: () => readVarint64(reader, true),
    uint64: () => readVarint64(reader, false),
  });
}

/** Called with the content of one occurrence of a length-delimited field, and how many occurrences came before it. */
export type FieldVisitor = (content: Uint8Array, index: number) => void;

/** Walks the fields of one message and hands over those named; the others are skipped. */
export function visitFields(message: Uint8Array, visitors: Readonly<Record<number, FieldVisitor>>): void {
  const reader = new Reader(message);
  const seen = new Map<number, number>();
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    const number = tag >>> 3;
    const wireType = tag & 7;
    const visit = visitors[number];
    if (visit === undefined) {
      reader.skipType(wireType, 0, number);
      continue;
    }
    if (wireType !== LENGTH_DELIMITED) throw new RangeError(`field ${number} has wire type ${wireType}, not 2`);
    const index = seen.get(number) ?? 0;
    seen.set(number, index + 1);
    visit(reader.bytes(), index);
  }
}
