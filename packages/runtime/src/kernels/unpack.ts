import { shader, type DeviceProfile, type Param } from '@tessera/conv-kernels';
import type { Emission, Operand } from '../operators/types.js';
import { gridOf } from './grid.js';
import { u32 } from './params.js';
import { walkLength } from './reduce.js';

const workgroupSize = 256;

/** Integers as the host packs them, several to a 32-bit word, the first in the low bits. */
export type PackedIntegers = 'u8' | 'i8' | 'u16' | 'i16';

const bitsOf: Readonly<Record<PackedIntegers, number>> = { u8: 8, i8: 8, u16: 16, i16: 16 };

export function packedBytes(packed: PackedIntegers): number {
  return bitsOf[packed] / 8;
}

/** y[i] = the i-th of the integers packed in x, widened to 32 bits. y is dense and row-major; one thread unpacks a word. */
export function unpackEmission(packed: PackedIntegers, x: Operand, y: Operand, profile: DeviceProfile): Emission {
  const bits = bitsOf[packed];
  const isSigned = packed.startsWith('i');
  const count = walkLength({ sizes: y.shape, strides: {} });
  const words = Math.ceil((count * bits) / 32);
  const grid = gridOf(Math.ceil(words / workgroupSize), profile);
  const params: Param[] = [grid.param, u32('words', words), u32('count', count)];
  const kernel = shader({
    label: `unpack-${packed}`,
    aliases: { Y: isSigned ? 'i32' : 'u32' },
    consts: { BITS: bits, PER_WORD: 32 / bits },
    bindings: [
      { name: 'x', access: 'read', type: 'array<u32>' },
      { name: 'y', access: 'read_write', type: 'array<Y>' },
    ],
    params,
    workgroupSize: [workgroupSize, 1, 1],
    body: `
  let index = (workgroup_id.y * params.grid_x + workgroup_id.x) * ${workgroupSize}u + local_index;
  if (index >= params.words) { return; }
  let word = Y(x[index]);
  for (var i = 0u; i < PER_WORD; i++) {
    let at = index * PER_WORD + i;
    if (at < params.count) { y[at] = extractBits(word, i * BITS, BITS); }
  }
`,
  });
  return { kernel, workgroups: grid.workgroups, params, operands: [x, y] };
}
