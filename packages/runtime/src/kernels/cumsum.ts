import { shader, type DeviceProfile } from '@tessera/conv-kernels';
import type { Emission, Operand } from '../operators/types.js';
import { gridOf, invocationCode } from './grid.js';
import { u32 } from './params.js';
import { walkLength } from './reduce.js';
import { accumulatorType, storageEnables } from './storage-types.js';
import { collapseWalk, walkCode } from './walk.js';

const workgroupSize = 64;

export interface Scan {
  readonly combine: 'sum' | 'product';
  /** Each result leaves its own element out. */
  readonly isExclusive: boolean;
  /** Results run from the end. */
  readonly isReverse: boolean;
}

/** Running sums or products along one axis, one invocation a row, formed in f32 or the integer type. */
export function cumsumEmission(
  x: Operand,
  y: Operand,
  axis: number,
  { combine, isExclusive, isReverse }: Scan,
  profile: DeviceProfile,
): Emission {
  const rest = <T>(values: readonly T[]) => values.filter((_, i) => i !== axis);
  const rows = collapseWalk({ sizes: rest(x.shape), strides: { x: rest(x.strides), y: rest(y.strides) } });
  const size = x.shape[axis];
  const count = size === 0 ? 0 : walkLength(rows);
  const grid = gridOf(Math.ceil(count / workgroupSize), profile);
  const code = walkCode('row', rows);
  const start = (stride: number) => (isReverse ? (size - 1) * stride : 0);
  const step = (stride: number) => (isReverse ? -stride : stride);
  const params = [
    grid.param,
    u32('count', count),
    u32('size', size),
    u32('x_start', x.offset + start(x.strides[axis])),
    u32('y_start', y.offset + start(y.strides[axis])),
    u32('x_step', step(x.strides[axis])),
    u32('y_step', step(y.strides[axis])),
    ...code.params,
  ];
  const type = x.elementType;
  const [neutral, operation] = combine === 'sum' ? ['0', '+'] : ['1', '*'];
  const kernel = shader({
    label: `cumulative-${combine}`,
    enables: storageEnables(type),
    aliases: { T: type, A: accumulatorType(type) },
    bindings: [
      { name: 'x', access: 'read', type: 'array<T>' },
      { name: 'y', access: 'read_write', type: 'array<T>' },
    ],
    params,
    workgroupSize: [workgroupSize, 1, 1],
    declarations: code.declarations,
    body: `
${invocationCode('row', workgroupSize)}
  var x_at = params.x_start + x_row(row);
  var y_at = params.y_start + y_row(row);
  var total = A(${neutral});
  for (var i = 0u; i < params.size; i++) {
    let value = A(x[x_at]);
    y[y_at] = T(${isExclusive ? 'total' : `total ${operation} value`});
    total ${operation}= value;
    x_at += params.x_step;
    y_at += params.y_step;
  }
`,
  });
  return { kernel, workgroups: grid.workgroups, params, operands: [x, y] };
}
