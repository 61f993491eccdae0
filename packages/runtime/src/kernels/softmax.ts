import { shader, type DeviceProfile, type Kernel, type Param } from '@tessera/conv-kernels';
import type { Emission, Operand } from '../operators/types.js';
import { gridOf } from './grid.js';
import { mathFunctions } from './math.js';
import { offsetParam, u32 } from './params.js';
import { reduceTiling, splitWalk, walkLength, type ReduceTiling } from './reduce.js';
import { rowReductions } from './row-reduction.js';
import { literal, storageEnables } from './storage-types.js';
import { walkCode } from './walk.js';

export type SoftmaxKind = 'softmax' | 'log-softmax' | 'hardmax';

/** The result of an element `v`, given the row's maximum, the sum of exp(v - maximum), and where the maximum is first met. */
const results: Readonly<Record<SoftmaxKind, string>> = {
  softmax: 'divide_f32(power_of(v - maximum), total)',
  'log-softmax': 'v - maximum - log(total)',
  hardmax: 'select(0.0, 1.0, v == maximum && f32(i) == first)',
};

function softmaxKernel(
  kind: SoftmaxKind,
  x: Operand,
  tiling: ReduceTiling,
  declarations: string,
  params: readonly Param[],
): Kernel {
  return shader({
    label: kind,
    enables: storageEnables(x.elementType),
    aliases: { T: x.elementType },
    consts: { ROWS: tiling.rows, LANES: tiling.lanes, LOWEST: literal(-Infinity, 'f32') },
    bindings: [
      { name: 'x', access: 'read', type: 'array<T>' },
      { name: 'y', access: 'read_write', type: 'array<T>' },
    ],
    params,
    workgroupSize: [tiling.rows * tiling.lanes, 1, 1],
    declarations: `
${declarations}
${mathFunctions(['divide'])}
${rowReductions(tiling.lanes, { max: 'max(a, b)', min: 'min(a, b)', sum: 'a + b' })}
fn power_of(difference: f32) -> f32 {
  return select(exp(difference), 1.0 + difference, difference > -0.0002);
}
fn load(row: u32, i: u32) -> f32 {
  return f32(x[params.x_offset + x_row(row) + x_element(i)]);
}`,
    body: `
  let group = workgroup_id.y * params.grid_x + workgroup_id.x;
  let row = group * ROWS + local_index % ROWS;
  let lane = local_index / ROWS;
  let count = select(0u, params.count, row < params.rows);
  var largest = LOWEST;
  for (var i = lane; i < count; i += LANES) {
    largest = max(largest, load(row, i));
  }
  let maximum = row_max(largest, local_index);
  var sum = 0.0;
  var position = -LOWEST;
  for (var i = lane; i < count; i += LANES) {
    let v = load(row, i);
    sum += power_of(v - maximum);
    position = min(position, select(-LOWEST, f32(i), v == maximum));
  }
  let total = row_sum(sum, local_index);
  let first = row_min(position, local_index);
  for (var i = lane; i < count; i += LANES) {
    let v = load(row, i);
    y[params.y_offset + y_row(row) + y_element(i)] = T(${results[kind]});
  }
`,
  });
}

/**
 * Softmax, its logarithm, or the indicator of the maximum, over `axes` of x; y has the shape of x. Elements that differ by next to
 * nothing have probabilities that do so too: exp near 0 is 1 + x, which the built-in one may miss by a unit.
 */
export function softmaxEmission(
  kind: SoftmaxKind,
  x: Operand,
  y: Operand,
  axes: readonly number[],
  profile: DeviceProfile,
): Emission {
  const { row, element } = splitWalk(x.shape, axes, { x: x.strides, y: y.strides });
  const tiling = reduceTiling(row, element, false);
  const rows = walkLength(row);
  const grid = gridOf(Math.ceil(rows / tiling.rows), profile);
  const codes = [walkCode('row', row), walkCode('element', element)];
  const params: Param[] = [
    grid.param,
    u32('rows', rows),
    u32('count', walkLength(element)),
    offsetParam('x', x),
    offsetParam('y', y),
    ...codes.flatMap((code) => code.params),
  ];
  const kernel = softmaxKernel(kind, x, tiling, codes.map((code) => code.declarations).join('\n'), params);
  return { kernel, workgroups: grid.workgroups, params, operands: [x, y] };
}
