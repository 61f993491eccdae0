import { shader, type DeviceProfile } from '@tessera/conv-kernels';
import type { Emission, Operand } from '../operators/types.js';
import { gridOf, invocationCode } from './grid.js';
import { memoryOrder } from './order.js';
import { i32, offsetParam, u32 } from './params.js';
import { accumulatorType, storageEnables } from './storage-types.js';

const workgroupSize = 256;

export type PadMode = 'constant' | 'reflect' | 'edge' | 'wrap';

/** WGSL from a coordinate outside [0, size) to the one inside it stands for. */
const sources: Record<PadMode, string> = {
  constant: 'fn source(i: i32, size: i32) -> i32 { return i; }',
  edge: 'fn source(i: i32, size: i32) -> i32 { return clamp(i, 0, size - 1); }',
  wrap: 'fn source(i: i32, size: i32) -> i32 { return ((i % size) + size) % size; }',
  reflect: `
fn source(i: i32, size: i32) -> i32 {
  let period = max(2 * (size - 1), 1);
  let turned = ((i % period) + period) % period;
  return min(turned, period - turned) * select(0, 1, size > 1);
}`,
};

/**
 * output[i] = x[i - before], coordinate by coordinate; what lies outside x is `value` (its one element) or taken from
 * inside, as `mode` says. The output is dense.
 */
export function padEmission(
  mode: PadMode,
  x: Operand,
  value: Operand | undefined,
  output: Operand,
  before: readonly number[],
  profile: DeviceProfile,
): Emission {
  const count = output.shape.reduce((product, size) => product * size, 1);
  const grid = gridOf(Math.ceil(count / workgroupSize), profile);
  const order = memoryOrder(output);
  const params = [
    grid.param,
    u32('count', count),
    offsetParam('x', x),
    u32('value_offset', value?.offset ?? 0),
    ...order.flatMap((axis, i) => [
      u32(`out${i}`, output.shape[axis]),
      i32(`size${i}`, x.shape[axis]),
      i32(`before${i}`, before[axis]),
      i32(`stride${i}`, x.strides[axis]),
    ]),
  ];
  const steps = order
    .map(
      (_, i) => `  {
    let i = source(i32(rest % params.out${i}) - params.before${i}, params.size${i});
    rest /= params.out${i};
    inside = inside && i >= 0 && i < params.size${i};
    at += i * params.stride${i};
  }`,
    )
    .reverse();
  const fill = value ? 'T(A(value[params.value_offset]))' : 'T(0)';
  const kernel = shader({
    label: `pad-${mode}`,
    enables: storageEnables(x.elementType, ...(value ? [value.elementType] : [])),
    aliases: { T: x.elementType, A: accumulatorType(x.elementType) },
    bindings: [
      { name: 'x', access: 'read', type: 'array<T>' },
      ...(value ? [{ name: 'value', access: 'read' as const, type: `array<${value.elementType}>` }] : []),
      { name: 'y', access: 'read_write', type: 'array<T>' },
    ],
    params,
    workgroupSize: [workgroupSize, 1, 1],
    declarations: sources[mode].trim(),
    body: `
${invocationCode('index', workgroupSize)}
  var rest = index;
  var at = 0i;
  var inside = true;
${steps.join('\n')}
  var result = ${fill};
  if (inside) { result = x[params.x_offset + u32(at)]; }
  y[index] = result;
`,
  });
  return { kernel, workgroups: grid.workgroups, params, operands: value ? [x, value, output] : [x, output] };
}
