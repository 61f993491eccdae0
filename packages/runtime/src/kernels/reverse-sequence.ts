import { shader, type DeviceProfile } from '@tessera/conv-kernels';
import type { Emission, Operand } from '../operators/types.js';
import { gridOf, invocationCode } from './grid.js';
import { offsetParam, u32 } from './params.js';
import { walkLength } from './reduce.js';
import { storageEnables } from './storage-types.js';
import { collapseWalk, walkCode } from './walk.js';

const workgroupSize = 256;

/** y is x with the first lengths[b] elements along `timeAxis` in reverse, b being the position along `batchAxis`. */
export function reverseSequenceEmission(
  x: Operand,
  lengths: Operand,
  y: Operand,
  { batchAxis, timeAxis }: { readonly batchAxis: number; readonly timeAxis: number },
  profile: DeviceProfile,
): Emission {
  const rest = <T>(values: readonly T[]) => values.filter((_, i) => i !== batchAxis && i !== timeAxis);
  const walk = collapseWalk({ sizes: rest(x.shape), strides: { x: rest(x.strides), y: rest(y.strides) } });
  const inner = walkLength(walk);
  const count = x.shape[batchAxis] * x.shape[timeAxis] * inner;
  const grid = gridOf(Math.ceil(count / workgroupSize), profile);
  const code = walkCode('inner', walk);
  const params = [
    grid.param,
    u32('count', count),
    u32('inner', inner),
    u32('times', x.shape[timeAxis]),
    offsetParam('lengths', lengths),
    u32('lengths_stride', lengths.strides[0]),
    ...Object.entries({ x, y }).flatMap(([name, { offset, strides }]) => [
      u32(`${name}_offset`, offset),
      u32(`${name}_batch`, strides[batchAxis]),
      u32(`${name}_time`, strides[timeAxis]),
    ]),
    ...code.params,
  ];
  const kernel = shader({
    label: 'reverse-sequence',
    enables: storageEnables(x.elementType),
    aliases: { T: x.elementType, I: lengths.elementType },
    bindings: [
      { name: 'x', access: 'read', type: 'array<T>' },
      { name: 'lengths', access: 'read', type: 'array<I>' },
      { name: 'y', access: 'read_write', type: 'array<T>' },
    ],
    params,
    workgroupSize: [workgroupSize, 1, 1],
    declarations: code.declarations,
    body: `
${invocationCode('i', workgroupSize)}
  let inner = i % params.inner;
  let outer = i / params.inner;
  let time = outer % params.times;
  let batch = outer / params.times;
  let length = min(u32(max(lengths[params.lengths_offset + batch * params.lengths_stride], I(0))), params.times);
  let source = select(time, length - 1u - time, time < length);
  y[params.y_offset + batch * params.y_batch + time * params.y_time + y_inner(inner)] =
    x[params.x_offset + batch * params.x_batch + source * params.x_time + x_inner(inner)];
`,
  });
  return { kernel, workgroups: grid.workgroups, params, operands: [x, lengths, y] };
}
