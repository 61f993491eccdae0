import { shader, type DeviceProfile, type Param } from '@tessera/conv-kernels';
import type { Emission, Operand } from '../operators/types.js';
import { offsetParam, u32 } from './params.js';
import { walkLength } from './reduce.js';
import { storageEnables } from './storage-types.js';
import { collapseWalk, walkCode } from './walk.js';

const lanes = 256;

/** counts[slot] = how many elements of x are infinite or not a number, counted by one workgroup; x has any strides. */
export function countNonFiniteEmission(x: Operand, counts: Operand, slot: number, profile: DeviceProfile): Emission {
  const walk = collapseWalk({ sizes: x.shape, strides: { x: x.strides } });
  const code = walkCode('element', walk);
  const workgroupSize = Math.min(lanes, profile.maxInvocationsPerWorkgroup);
  const params: Param[] = [u32('count', walkLength(walk)), offsetParam('x', x), u32('slot', slot), ...code.params];
  const kernel = shader({
    label: 'count-nonfinite',
    enables: storageEnables(x.elementType),
    consts: { LANES: workgroupSize },
    bindings: [
      { name: 'x', access: 'read', type: `array<${x.elementType}>` },
      { name: 'counts', access: 'read_write', type: 'array<u32>' },
    ],
    params,
    workgroupSize: [workgroupSize, 1, 1],
    // By the bits: compilers may take it that no value is infinite or not a number.
    declarations: `${code.declarations}
var<workgroup> total: atomic<u32>;`,
    body: `
  if (local_index == 0u) { atomicStore(&total, 0u); }
  workgroupBarrier();
  var found = 0u;
  for (var i = local_index; i < params.count; i += LANES) {
    let bits = bitcast<u32>(f32(x[params.x_offset + x_element(i)]));
    found += u32((bits & 0x7f800000u) == 0x7f800000u);
  }
  atomicAdd(&total, found);
  workgroupBarrier();
  if (local_index == 0u) { counts[params.slot] = atomicLoad(&total); }
`,
  });
  return { kernel, workgroups: [1, 1, 1], params, operands: [x, counts] };
}
