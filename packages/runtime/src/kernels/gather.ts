import { shader, type DeviceProfile } from '@tessera/conv-kernels';
import type { Emission, Operand } from '../operators/types.js';
import { invocationCode } from './grid.js';
import { indexedWalk, type IndexedProblem } from './indexed.js';
import { offsetParam } from './params.js';
import { storageEnables } from './storage-types.js';

const workgroupSize = 256;

/** output[i] = data[base(i) + sum of index * stride]; an index outside is clamped. */
export interface GatherProblem extends IndexedProblem {
  readonly data: Operand;
  /** Strides along `sizes` beside the chosen dimensions. */
  readonly dataStrides: readonly number[];
}

export function gatherEmission(problem: GatherProblem, profile: DeviceProfile): Emission {
  const { data, indices, output, dimensions } = problem;
  const own = { name: 'data', offset: offsetParam('data', data), strides: problem.dataStrides };
  const { count, workgroups, declarations, params } = indexedWalk(problem, own, workgroupSize, profile);
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
${declarations}
fn chosen(index: i32, size: i32) -> u32 {
  return u32(max(min(select(index, index + size, index < 0), size - 1), 0));
}`,
    body: `
${invocationCode('i', workgroupSize)}
  let place = params.indices_offset + place_element(i);
  var at = params.data_offset + data_element(i);
${chosen.join('\n')}
  output[params.output_offset + output_element(i)] = data[at];
`,
  });
  const size = data.elementType === 'f16' ? 2 : 4;
  return { kernel, workgroups, params, operands: [data, indices, output], bytes: 2 * size * count };
}
