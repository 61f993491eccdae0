import { isSequence, isTensor, type Tensor, type Value } from '@tessera/runtime';
import type { Tolerance } from './suite.js';

function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const mantissa = bits & 0x3ff;
  if (exponent === 0x1f) return mantissa ? NaN : sign * Infinity;
  return sign * (exponent === 0 ? mantissa * 2 ** -24 : (1024 + mantissa) * 2 ** (exponent - 25));
}

function fromBfloat16(bits: number): number {
  return new Float32Array(Uint32Array.of(bits << 16).buffer)[0];
}

/** The element as a value that can be compared; 8-bit floats stay bits. */
function element({ dataType, data }: Tensor, index: number): number | bigint | string {
  const raw = data[index];
  if (dataType === 'float16') return fromHalf(raw as number);
  return dataType === 'bfloat16' ? fromBfloat16(raw as number) : raw;
}

function close(found: number | bigint | string, wanted: number | bigint | string, [rtol, atol]: Tolerance): boolean {
  if (found === wanted) return true;
  if (typeof found === 'string' || typeof wanted === 'string') return false;
  const [a, b] = [Number(found), Number(wanted)];
  if (Number.isNaN(a) && Number.isNaN(b)) return true;
  return Number.isFinite(b) && Math.abs(a - b) <= atol + rtol * Math.abs(b);
}

/** How an output differs from the wanted one: of sequences the first element that does, of optionals the tensor held. */
export function difference(found: Value | undefined, wanted: Value, tolerance: Tolerance): string | undefined {
  if (found === undefined) return 'is missing';
  if (wanted === null) return found === null ? undefined : 'holds something, and empty is right';
  if (found === null) return 'is empty';
  if (isTensor(wanted)) return isTensor(found) ? tensorDifference(found, wanted, tolerance) : 'is no tensor';
  if (!isSequence(found)) return 'is no sequence';
  if (found.length !== wanted.length) return `has ${found.length} tensors, and ${wanted.length} are right`;
  const texts = wanted.map((tensor, i) => tensorDifference(found[i], tensor, tolerance));
  const index = texts.findIndex((text) => text !== undefined);
  return index < 0 ? undefined : `at position ${index} ${texts[index]}`;
}

/**
 * How a tensor differs from the wanted one, as a phrase; undefined where type and shape are the same and every element
 * is within atol + rtol * |wanted| (NaN equals NaN, strings and infinities must be the same).
 */
function tensorDifference(found: Tensor, wanted: Tensor, tolerance: Tolerance): string | undefined {
  if (found.dataType !== wanted.dataType) return `has the type ${found.dataType}, and ${wanted.dataType} is right`;
  if (found.dims.join() !== wanted.dims.join()) return `has the shape [${found.dims}], and [${wanted.dims}] is right`;
  if (found.data.length !== wanted.data.length) {
    return `holds ${found.data.length} elements, and ${wanted.data.length} are right`;
  }
  let wrong = 0;
  let example = '';
  for (let i = 0; i < wanted.data.length; i++) {
    const [a, b] = [element(found, i), element(wanted, i)];
    if (close(a, b, tolerance)) continue;
    if (wrong++ === 0) example = `element ${i} is ${a}, and ${b} is right`;
  }
  return wrong === 0 ? undefined : `has ${wrong} of ${wanted.data.length} elements wrong: ${example}`;
}
