import { shader, type DeviceProfile, type Param } from '@tessera/conv-kernels';
import type { Emission, Operand } from '../operators/types.js';
import { gridOf } from './grid.js';
import { accumulatorType, literal, storageEnables } from './storage-types.js';
import { operandParams, spatialParams, toVolume, toVolumeWindow, windowParams, type Window } from './volume.js';

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
    { name: 'count', type: 'u32', value: count },
    { name: 'channels', type: 'u32', value: x.shape[1] },
    { name: 'plane', type: 'u32', value: depth * height * width },
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
  var rest = (workgroup_id.y * params.grid_x + workgroup_id.x) * ${workgroupSize}u + local_index;
  if (rest >= params.count) { return; }
  let c = rest % params.channels;
  rest /= params.channels;
  let ox = rest % params.out_w;
  rest /= params.out_w;
  let oy = rest % params.out_h;
  rest /= params.out_h;
  let oz = rest % params.out_d;
  let n = rest / params.out_d;
  let size = vec3i(params.in_d, params.in_h, params.in_w);
  let stride = vec3i(params.stride_d, params.stride_h, params.stride_w);
  let dilation = vec3i(params.dilation_d, params.dilation_h, params.dilation_w);
  let origin = vec3i(vec3u(oz, oy, ox)) * stride - vec3i(params.pad_d, params.pad_h, params.pad_w);
  let base = params.x_offset + n * params.x_stride0 + c * params.x_stride1;
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
  let target_index = params.y_offset + n * params.y_stride0 + c * params.y_stride1
    + oz * params.y_stride2 + oy * params.y_stride3 + ox * params.y_stride4;
  y[target_index] = i32((n * params.channels + c) * params.plane + found);
`,
  });
  return { kernel, workgroups: grid.workgroups, params, operands: [input, indices] };
}
