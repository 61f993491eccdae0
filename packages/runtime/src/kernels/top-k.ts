import { shader, type DeviceProfile } from '@tessera/conv-kernels';
import type { Emission, Operand } from '../operators/types.js';
import { gridOf } from './grid.js';
import { u32 } from './params.js';
import { walkLength } from './reduce.js';
import { accumulatorType, storageEnables } from './storage-types.js';
import { collapseWalk, walkCode } from './walk.js';

const workgroupSize = 256;

/** The bits of a number such that larger numbers have larger keys; NaN is above all numbers, and -0 equals 0. */
const keyOf = {
  f32: `
  let bits = bitcast<u32>(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) { return 0xffffffffu; }
  if ((bits & 0x7fffffffu) == 0u) { return 0x80000000u; }
  return select(bits ^ 0x80000000u, ~bits, (bits >> 31u) == 1u);`,
  i32: '  return bitcast<u32>(value) ^ 0x80000000u;',
  u32: '  return value;',
} as const;

/** Operands of equal shapes but for the last dimension, along which the elements are ordered. */
export interface TopKProblem {
  readonly x: Operand;
  /** What the indices of the elements of x are; without it their places. */
  readonly origins?: Operand;
  readonly values: Operand;
  readonly indices: Operand;
  readonly isLargest: boolean;
  /** Where x is a row cut into parts, which are its last dimension but one: a place is counted in the row. */
  readonly parts?: { readonly count: number; readonly first: number };
}

/**
 * The k foremost elements of every row, in order, and their indices; of equal ones the first comes first. Each invocation
 * counts the elements that go before its own: their number is its place in the result.
 */
export function topKEmission(problem: TopKProblem, profile: DeviceProfile): Emission {
  const { x, origins, values, indices, isLargest, parts = { count: 1, first: 0 } } = problem;
  const axis = x.shape.length - 1;
  const rest = <T>(entries: readonly T[]) => entries.slice(0, axis);
  const operands = { x, ...(origins ? { origins } : {}), values, indices };
  const rows = collapseWalk({
    sizes: rest(x.shape),
    strides: Object.fromEntries(Object.entries(operands).map(([name, { strides }]) => [name, rest(strides)])),
  });
  const size = x.shape[axis];
  const blocks = Math.ceil(size / workgroupSize);
  const groups = blocks * walkLength(rows);
  const grid = gridOf(groups, profile);
  const code = walkCode('row', rows);
  const params = [
    grid.param,
    u32('groups', groups),
    u32('blocks', blocks),
    u32('size', size),
    u32('k', values.shape[axis]),
    u32('parts', parts.count),
    u32('first_place', parts.first),
    ...Object.entries(operands).flatMap(([name, operand]) => [
      u32(`${name}_offset`, operand.offset),
      u32(`${name}_step`, operand.strides[axis]),
    ]),
    ...code.params,
  ];
  const accumulator = accumulatorType(x.elementType);
  const origin = origins
    ? 'origins[params.origins_offset + origins_row(row) + own * params.origins_step]'
    : 'i32(params.first_place + row % params.parts * params.size + own)';
  const kernel = shader({
    label: 'top-k',
    enables: storageEnables(x.elementType),
    aliases: { T: x.elementType, A: accumulator },
    bindings: [
      { name: 'x', access: 'read', type: 'array<T>' },
      ...(origins ? [{ name: 'origins', access: 'read' as const, type: 'array<i32>' }] : []),
      { name: 'values', access: 'read_write', type: 'array<T>' },
      { name: 'indices', access: 'read_write', type: 'array<i32>' },
    ],
    params,
    workgroupSize: [workgroupSize, 1, 1],
    declarations: `
${code.declarations}
var<workgroup> tile: array<u32, ${workgroupSize}>;
fn ascending_key(value: A) -> u32 {
${keyOf[accumulator]}
}
fn key_of(value: A) -> u32 {
  return ${isLargest ? '' : '~'}ascending_key(value);
}`,
    body: `
  let group = workgroup_id.y * params.grid_x + workgroup_id.x;
  if (group >= params.groups) { return; }
  let row = group / params.blocks;
  let own = (group % params.blocks) * ${workgroupSize}u + local_index;
  let start = params.x_offset + x_row(row);
  let value = x[start + min(own, params.size - 1u) * params.x_step];
  let own_key = key_of(A(value));
  var place = 0u;
  for (var first = 0u; first < params.size; first += ${workgroupSize}u) {
    workgroupBarrier();
    tile[local_index] = key_of(A(x[start + min(first + local_index, params.size - 1u) * params.x_step]));
    workgroupBarrier();
    let count = min(${workgroupSize}u, params.size - first);
    for (var i = 0u; i < count; i++) {
      let key = tile[i];
      place += u32(key > own_key || (key == own_key && first + i < own));
    }
  }
  if (own < params.size && place < params.k) {
    values[params.values_offset + values_row(row) + place * params.values_step] = value;
    indices[params.indices_offset + indices_row(row) + place * params.indices_step] = ${origin};
  }
`,
  });
  return { kernel, workgroups: grid.workgroups, params, operands: Object.values(operands) };
}
