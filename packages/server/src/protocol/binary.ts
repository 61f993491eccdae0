import { arrayTypeOf, type Tensor } from '@tessera/runtime';
import { RequestError } from '../errors.js';
import { wireBytes, type WireType } from './datatypes.js';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Elements out of their binary form: little-endian and row-major; each text behind its length in 4 bytes. Throws where
 * the bytes are not exactly those of `count` elements.
 */
export function decodeBinary(type: WireType, bytes: Uint8Array, count: number, what: string): Tensor['data'] {
  const ArrayType = arrayTypeOf(type);
  if (!ArrayType) return decodeTexts(bytes, count, what);
  if (bytes.byteLength !== count * wireBytes(type)) {
    throw new RequestError(
      'invalid',
      `${what} has ${bytes.byteLength} bytes of binary data; its shape needs ${count * wireBytes(type)}`,
    );
  }
  // A copy: the bytes may lie at any offset of a larger buffer, and a Buffer's own slice would share it.
  const data = new ArrayType(new Uint8Array(bytes).buffer);
  if (type === 'bool' && data.some((value) => value > 1))
    throw new RequestError('invalid', `${what} has bytes that are neither 0 nor 1`);
  return data;
}

function decodeTexts(bytes: Uint8Array, count: number, what: string): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wrong = () =>
    new RequestError('invalid', `${what} has binary data that are not ${count} texts, each behind its length`);
  const texts: string[] = [];
  let offset = 0;
  while (texts.length < count) {
    if (offset + 4 > bytes.byteLength) throw wrong();
    const length = view.getUint32(offset, true);
    offset += 4;
    if (offset + length > bytes.byteLength) throw wrong();
    texts.push(decodeText(bytes.subarray(offset, offset + length), what));
    offset += length;
  }
  if (offset !== bytes.byteLength) throw wrong();
  return texts;
}

/** A text from its UTF-8. */
export function decodeText(bytes: Uint8Array, what: string): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new RequestError('invalid', `${what} holds bytes that are not UTF-8`);
  }
}

/** Elements in their binary form; the inverse of `decodeBinary`. */
export function encodeBinary({ data }: Tensor): Uint8Array {
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const texts = data.map((text) => Buffer.from(text, 'utf8'));
  return Buffer.concat(texts.flatMap((text) => [lengthOf(text), text]));
}

function lengthOf(bytes: Uint8Array): Uint8Array {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.byteLength);
  return length;
}
