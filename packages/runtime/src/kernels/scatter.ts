import { shader, type DeviceProfile } from '@tessera/conv-kernels';
import type { Emission, Operand } from '../operators/types.js';
import { invocationCode } from './grid.js';
import { indexedWalk, type IndexedProblem } from './indexed.js';
import { offsetParam } from './params.js';
import { storageEnables } from './storage-types.js';

const workgroupSize = 256;

/**
 * output[base(i) + sum of index * stride] = updates[i], the mirror image of a gather; an update outside is dropped. Of two
 * updates of one element either may stay; with a reduction all are combined with what is there, in no certain order.
 */
export interface ScatterProblem extends IndexedProblem {
  readonly updates: Operand;
  readonly updateStrides: readonly number[];
  /** The output must then be f32, i32 or u32. */
  readonly reduction?: ScatterReduction;
}

export type ScatterReduction = 'add' | 'mul' | 'min' | 'max';

const combinations: Readonly<Record<ScatterReduction, string>> = {
  add: 'before + update',
  mul: 'before * update',
  min: 'min(before, update)',
  max: 'max(before, update)',
};

/** Combines an update with an element that others may be changing at the same time. */
function combining(reduction: ScatterReduction): string {
  return `
  let update = T(updates[params.updates_offset + update_element(i)]);
  var seen = atomicLoad(&output[at]);
  loop {
    let before = bitcast<T>(seen);
    let exchange = atomicCompareExchangeWeak(&output[at], seen, bitcast<u32>(${combinations[reduction]}));
    if (exchange.exchanged) { break; }
    seen = exchange.old_value;
  }`;
}

export function scatterEmission(problem: ScatterProblem, profile: DeviceProfile): Emission {
  const { updates, indices, output, dimensions, reduction } = problem;
  const own = { name: 'update', offset: offsetParam('updates', updates), strides: problem.updateStrides };
  const { count, workgroups, declarations, params } = indexedWalk(problem, own, workgroupSize, profile);
  const chosen = dimensions.map(
    (_, i) => `
  let given${i} = i32(indices[place + ${i}u * params.index_stride]);
  let index${i} = select(given${i}, given${i} + i32(params.size${i}), given${i} < 0);
  if (index${i} < 0 || index${i} >= i32(params.size${i})) { return; }
  at += u32(index${i}) * params.stride${i};`,
  );
  const kernel = shader({
    label: 'scatter',
    enables: storageEnables(output.elementType, updates.elementType),
    aliases: { T: output.elementType, U: updates.elementType, I: indices.elementType },
    bindings: [
      { name: 'updates', access: 'read', type: 'array<U>' },
      { name: 'indices', access: 'read', type: 'array<I>' },
      { name: 'output', access: 'read_write', type: reduction ? 'array<atomic<u32>>' : 'array<T>' },
    ],
    params,
    workgroupSize: [workgroupSize, 1, 1],
    declarations,
    body: `
${invocationCode('i', workgroupSize)}
  let place = params.indices_offset + place_element(i);
  var at = params.output_offset + output_element(i);
${chosen.join('')}
${reduction ? combining(reduction) : '  output[at] = updates[params.updates_offset + update_element(i)];'}
`,
  });
  const size = output.elementType === 'f16' ? 2 : 4;
  return { kernel, workgroups, params, operands: [updates, indices, output], bytes: 2 * size * count };
}
