import { shader, type DeviceProfile, type Param } from '@tessera/conv-kernels';
import type { Emission, Operand } from '../operators/types.js';
import { gridOf, invocationCode } from './grid.js';
import { u32 } from './params.js';
import { accumulatorType, literal, storageEnables } from './storage-types.js';
import {
  operandParams,
  spatialParams,
  toVolume,
  toVolumeWindow,
  windowParams,
  windowPlaceCode,
  windowTargetCode,
  type Window,
} from './volume.js';

const workgroupSize = 64;

/**
 * For every window of a MaxPool the position of its first largest element in the row-major input [N, C, spatial...] taken
 * as one vector; with `isColumnMajor` positions within a plane count the first spatial dimension fastest.
 */
export function maxPoolIndicesEmission(
  window: Window,
  input: Operand,
  indices: Operand,
  isColumnMajor: boolean,
  profile: DeviceProfile,
): Emission {
  const [x, y] = [toVolume(input), toVolume(indices)];
  const [depth, height, width] = x.shape.slice(2);
  const planeStrides = isColumnMajor ? [1, depth, depth * height] : [height * width, width, 1];
  const count = y.shape.reduce((product, size) => product * size, 1);
  const grid = gridOf(Math.ceil(count / workgroupSize), profile);
  const params: Param[] = [
    grid.param,
    u32('count', count),
    u32('channels', x.shape[1]),
    u32('plane', depth * height * width),
    ...spatialParams('in', x.shape.slice(2)),
    ...spatialParams('out', y.shape.slice(2), 'u32'),
    ...spatialParams('plane', planeStrides, 'u32'),
    ...windowParams(toVolumeWindow(window)),
    ...operandParams('x', x),
    ...operandParams('y', y),
  ];
  const scalar = accumulatorType(input.elementType);
  const kernel = shader({
    label: 'max-pool-indices',
    enables: storageEnables(input.elementType),
    aliases: { V: scalar },
    consts: { LOWEST: literal(-Infinity, scalar) },
    bindings: [
      { name: 'x', access: 'read', type: `array<${input.elementType}>` },
      { name: 'y', access: 'read_write', type: 'array<i32>' },
    ],
    params,
    workgroupSize: [workgroupSize, 1, 1],
    body: `
${invocationCode('rest', workgroupSize, 'var')}
${windowPlaceCode}
  var largest = LOWEST;
  var found = 0u;
  var is_found = false;
  for (var kz = 0; kz < params.kernel_d; kz++) {
    for (var ky = 0; ky < params.kernel_h; ky++) {
      for (var kx = 0; kx < params.kernel_w; kx++) {
        let position = origin + vec3i(kz, ky, kx) * dilation;
        if (any(position < vec3i(0)) || any(position >= size)) { continue; }
        let at = vec3u(position);
        let v = V(x[base + at.x * params.x_stride2 + at.y * params.x_stride3 + at.z * params.x_stride4]);
        if (!is_found || v > largest) {
          largest = v;
          found = at.x * params.plane_d + at.y * params.plane_h + at.z * params.plane_w;
          is_found = true;
        }
      }
    }
  }
${windowTargetCode}
  y[target_index] = i32((n * params.channels + c) * params.plane + found);
`,
  });
  return { kernel, workgroups: grid.workgroups, params, operands: [input, indices] };
}
