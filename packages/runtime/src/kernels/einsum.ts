import { shader, type DeviceProfile } from '@tessera/conv-kernels';
import type { Emission, Operand } from '../operators/types.js';
import { gridOf, invocationCode } from './grid.js';
import { offsetParam, u32 } from './params.js';
import { walkLength } from './reduce.js';
import { accumulatorType, storageEnables } from './storage-types.js';
import { collapseWalk, walkCode } from './walk.js';

const workgroupSize = 64;

/** Dimensions of a sum of products: for every operand its strides along them, 0 where it does not extend. */
export interface ProductDimensions {
  readonly sizes: readonly number[];
  readonly inputs: readonly (readonly number[])[];
}

/**
 * output[i] = the sum over all j of the product of all inputs at (i, j), i being the coordinates of `kept` and j those
 * of `summed`; one invocation an element. Sums are formed in f32 or the integer type.
 */
export function sumOfProductsEmission(
  inputs: readonly Operand[],
  output: Operand,
  kept: ProductDimensions,
  summed: ProductDimensions,
  profile: DeviceProfile,
): Emission {
  const named = ({ inputs: strides }: ProductDimensions) => Object.fromEntries(strides.map((s, i) => [`x${i}`, s]));
  const elements = collapseWalk({ sizes: kept.sizes, strides: { ...named(kept), output: output.strides } });
  const terms = collapseWalk({ sizes: summed.sizes, strides: named(summed) });
  const count = walkLength(elements);
  const grid = gridOf(Math.ceil(count / workgroupSize), profile);
  const [elementCode, termCode] = [walkCode('element', elements), walkCode('term', terms)];
  const params = [
    grid.param,
    u32('count', count),
    u32('terms', walkLength(terms)),
    offsetParam('output', output),
    ...inputs.map((input, i) => u32(`x${i}_offset`, input.offset)),
    ...elementCode.params,
    ...termCode.params,
  ];
  const starts = inputs.map((_, i) => `  let start${i} = params.x${i}_offset + x${i}_element(i);`);
  const factors = inputs.map((_, i) => `A(x${i}[start${i} + x${i}_term(j)])`);
  const type = output.elementType;
  const kernel = shader({
    label: 'sum-of-products',
    enables: storageEnables(type),
    aliases: { T: type, A: accumulatorType(type) },
    bindings: [
      ...inputs.map((_, i) => ({ name: `x${i}`, access: 'read' as const, type: 'array<T>' as const })),
      { name: 'output', access: 'read_write', type: 'array<T>' },
    ],
    params,
    workgroupSize: [workgroupSize, 1, 1],
    declarations: `${elementCode.declarations}\n${termCode.declarations}`,
    body: `
${invocationCode('i', workgroupSize)}
${starts.join('\n')}
  var total = A(0);
  for (var j = 0u; j < params.terms; j++) {
    total += ${factors.join(' * ')};
  }
  output[params.output_offset + output_element(i)] = T(total);
`,
  });
  return { kernel, workgroups: grid.workgroups, params, operands: [...inputs, output] };
}
