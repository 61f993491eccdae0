import { shader, type DeviceProfile, type Param } from '@tessera/conv-kernels';
import type { Emission, Operand } from '../operators/types.js';
import { gridOf } from './grid.js';
import { walkLength } from './reduce.js';
import { storageEnables } from './storage-types.js';
import { collapseWalk, walkCode, type Walk } from './walk.js';

const workgroupSize = 256;

/** A dimension of the data that an index chooses. */
export interface IndexedDimension {
  readonly size: number;
  readonly stride: number;
}

/**
 * output[i] = data[base(i) + sum of index * stride], the indices being read from `indices` at place(i) and the
 * `dimensions.length` elements after it, `indexStride` apart. Negative indices count from the end; what lies outside
 * is clamped. All of i are the coordinates of `sizes`.
 */
export interface GatherProblem {
  readonly data: Operand;
  readonly indices: Operand;
  readonly output: Operand;
  readonly sizes: readonly number[];
  /** Strides along `sizes`: of the data beside the chosen dimensions, of the place in `indices`, of the output. */
  readonly dataStrides: readonly number[];
  readonly indexStrides: readonly number[];
  readonly outputStrides: readonly number[];
  readonly dimensions: readonly IndexedDimension[];
  readonly indexStride: number;
}

export function gatherEmission(problem: GatherProblem, profile: DeviceProfile): Emission {
  const { data, indices, output, dimensions } = problem;
  const walk: Walk = collapseWalk({
    sizes: problem.sizes,
    strides: { data: problem.dataStrides, place: problem.indexStrides, output: problem.outputStrides },
  });
  const count = walkLength(walk);
  const grid = gridOf(Math.ceil(count / workgroupSize), profile);
  const code = walkCode('element', walk);
  const u32 = (name: string, value: number): Param => ({ name, type: 'u32', value });
  const params = [
    grid.param,
    u32('count', count),
    u32('data_offset', data.offset),
    u32('indices_offset', indices.offset),
    u32('output_offset', output.offset),
    u32('index_stride', problem.indexStride),
    ...dimensions.flatMap(({ size, stride }, i) => [u32(`size${i}`, size), u32(`stride${i}`, stride)]),
    ...code.params,
  ];
  const chosen = dimensions.map(
    (_, i) =>
      `  at += chosen(i32(indices[place + ${i}u * params.index_stride]), i32(params.size${i})) * params.stride${i};`,
  );
  const kernel = shader({
    label: 'gather',
    enables: storageEnables(data.elementType),
    aliases: { T: data.elementType, I: indices.elementType },
    bindings: [
      { name: 'data', access: 'read', type: 'array<T>' },
      { name: 'indices', access: 'read', type: 'array<I>' },
      { name: 'output', access: 'read_write', type: 'array<T>' },
    ],
    params,
    workgroupSize: [workgroupSize, 1, 1],
    declarations: `
${code.declarations}
fn chosen(index: i32, size: i32) -> u32 {
  return u32(max(min(select(index, index + size, index < 0), size - 1), 0));
}`,
    body: `
  let i = (workgroup_id.y * params.grid_x + workgroup_id.x) * ${workgroupSize}u + local_index;
  if (i >= params.count) { return; }
  let place = params.indices_offset + place_element(i);
  var at = params.data_offset + data_element(i);
${chosen.join('\n')}
  output[params.output_offset + output_element(i)] = data[at];
`,
  });
  const size = data.elementType === 'f16' ? 2 : 4;
  return { kernel, workgroups: grid.workgroups, params, operands: [data, indices, output], bytes: 2 * size * count };
}
