import { loadOnnx } from '@tessera/onnx-loader';

/** A place and a kind of damage; everything follows from the index, so that one case can be run again alone. */
export interface DamageCase {
  readonly index: number;
  readonly kind: DamageKind;
  readonly offset: number;
  readonly value: number;
}

const kinds = [
  'cut',
  'flip a bit',
  'set a byte',
  'zero 8 bytes',
  'fill 8 bytes with ff',
  'copy 16 bytes from elsewhere',
] as const;
export type DamageKind = (typeof kinds)[number];

/** Half-open byte range of the file. */
export type Range = readonly [start: number, end: number];

/** Where the file holds the elements of tensors of 64 bytes and more. */
export function weightRanges(bytes: Uint8Array): Range[] {
  const ranges: Range[] = [];
  for (const { bytes: source } of loadOnnx(bytes).graph.initializers.values()) {
    if (source.byteLength < 64) continue;
    const view = source.read(0, source.byteLength);
    const start = view.byteOffset - bytes.byteOffset;
    if (view.buffer === bytes.buffer) ranges.push([start, start + view.byteLength]);
  }
  return ranges.sort((a, b) => a[0] - b[0]);
}

/** A well-mixed 32-bit number of two (the finalizer of MurmurHash3). */
function mix(a: number, b: number): number {
  let h = Math.imul(a ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(b + 1, 0xc2b2ae35);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Place number `position` of the bytes that lie in none of the sorted ranges. */
function placeOutside(ranges: readonly Range[], position: number): number {
  let offset = position;
  for (const [start, end] of ranges) if (offset >= start) offset += end - start;
  return offset;
}

/**
 * The case of an index in a file of `length` bytes. Three cases of four lie outside `weights` (sorted, apart): damage to
 * the graph finds more than damage to numbers.
 */
export function damageCase(index: number, length: number, weights: readonly Range[]): DamageCase {
  const structure = length - weights.reduce((sum, [start, end]) => sum + end - start, 0);
  const inStructure = index % 4 !== 0 && structure > 0;
  const position = mix(index, 1) % (inStructure ? structure : length);
  return {
    index,
    kind: kinds[mix(index, 2) % kinds.length],
    offset: inStructure ? placeOutside(weights, position) : position,
    value: mix(index, 3),
  };
}

/** The file with the damage done; the original stays as it is. */
export function applyDamage(bytes: Uint8Array, { kind, offset, value }: DamageCase): Uint8Array {
  if (kind === 'cut') return bytes.slice(0, offset);
  const damaged = bytes.slice();
  switch (kind) {
    case 'flip a bit':
      damaged[offset] ^= 1 << (value % 8);
      break;
    case 'set a byte':
      damaged[offset] = value;
      break;
    case 'zero 8 bytes':
      damaged.fill(0, offset, offset + 8);
      break;
    case 'fill 8 bytes with ff':
      damaged.fill(0xff, offset, offset + 8);
      break;
    case 'copy 16 bytes from elsewhere': {
      const from = value % bytes.length;
      damaged.set(bytes.subarray(from, Math.min(from + 16, from + bytes.length - offset)), offset);
    }
  }
  return damaged;
}
