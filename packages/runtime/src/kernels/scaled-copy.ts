import { shader, type DeviceProfile, type Param } from '@tessera/conv-kernels';
import type { Emission, Operand } from '../operators/types.js';
import { gridOf, invocationCode } from './grid.js';
import { f32, offsetParam, u32 } from './params.js';
import { walkLength } from './reduce.js';
import { storageEnables } from './storage-types.js';
import { collapseWalk, walkCode } from './walk.js';

const workgroupSize = 128;

/** y = factor * x for operands of one shape, any strides and floating-point storage types. */
export function scaledCopyEmission(x: Operand, y: Operand, factor: number, profile: DeviceProfile): Emission {
  const walk = collapseWalk({ sizes: x.shape, strides: { x: x.strides, y: y.strides } });
  const count = walkLength(walk);
  const grid = gridOf(Math.ceil(count / workgroupSize), profile);
  const code = walkCode('element', walk);
  const params: Param[] = [
    grid.param,
    u32('count', count),
    f32('factor', factor),
    offsetParam('x', x),
    offsetParam('y', y),
    ...code.params,
  ];
  const kernel = shader({
    label: 'scaled-copy',
    enables: storageEnables(x.elementType, y.elementType),
    aliases: { X: x.elementType, Y: y.elementType },
    bindings: [
      { name: 'x', access: 'read', type: 'array<X>' },
      { name: 'y', access: 'read_write', type: 'array<Y>' },
    ],
    params,
    workgroupSize: [workgroupSize, 1, 1],
    declarations: code.declarations,
    body: `
${invocationCode('index', workgroupSize)}
  y[params.y_offset + y_element(index)] = Y(params.factor * f32(x[params.x_offset + x_element(index)]));
`,
  });
  return { kernel, workgroups: grid.workgroups, params, operands: [x, y] };
}
