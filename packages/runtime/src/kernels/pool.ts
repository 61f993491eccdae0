import { shader, type DeviceProfile, type Kernel, type Param } from '@tessera/conv-kernels';
import type { Emission, Operand } from '../operators/types.js';
import { gridOf } from './grid.js';
import { accumulatorType, literal, storageEnables } from './storage-types.js';
import { operandParams, spatialParams, toVolume, toVolumeWindow, windowParams, type Window } from './volume.js';

export type PoolKind =
  | { readonly kind: 'max' }
  | { readonly kind: 'average'; readonly countsPadding: boolean }
  | { readonly kind: 'lp'; readonly p: number };

const workgroupSize = 64;

/** Expressions over `acc`, the element `v` and `taps`, the positions counted. */
function poolFragments(pool: PoolKind, type: 'f32' | 'i32' | 'u32') {
  switch (pool.kind) {
    case 'max':
      return { initial: literal(-Infinity, type), update: 'max(acc, v)', finish: 'acc' };
    case 'average':
      return { initial: '0', update: 'acc + v', finish: 'acc / f32(max(taps, 1))' };
    case 'lp':
      return {
        initial: '0',
        update: `acc + pow(abs(v), V(${literal(pool.p, 'f32')}))`,
        finish: `pow(acc, V(${literal(1 / pool.p, 'f32')}))`,
      };
  }
}

function poolKernel(
  pool: PoolKind,
  elementType: Operand['elementType'],
  isVector: boolean,
  params: readonly Param[],
): Kernel {
  const scalar = accumulatorType(elementType);
  const vector = (type: string) => (isVector ? `vec4<${type}>` : type);
  const fragments = poolFragments(pool, scalar);
  return shader({
    label: `${pool.kind}-pool`,
    enables: storageEnables(elementType),
    aliases: { T: vector(elementType), V: vector(scalar) },
    bindings: [
      { name: 'x', access: 'read', type: 'array<T>' },
      { name: 'y', access: 'read_write', type: 'array<T>' },
    ],
    params,
    workgroupSize: [workgroupSize, 1, 1],
    declarations: `
fn is_inside(position: vec3i, size: vec3i) -> bool {
  return all(position >= vec3i(0)) && all(position < size);
}
fn is_counted(position: vec3i, size: vec3i) -> bool {
  return ${pool.kind === 'average' && pool.countsPadding ? 'all(position < size + vec3i(params.end_d, params.end_h, params.end_w))' : 'is_inside(position, size)'};
}`,
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
  var acc = V(${fragments.initial});
  var taps = 0;
  for (var kz = 0; kz < params.kernel_d; kz++) {
    for (var ky = 0; ky < params.kernel_h; ky++) {
      for (var kx = 0; kx < params.kernel_w; kx++) {
        let position = origin + vec3i(kz, ky, kx) * dilation;
        if (is_counted(position, size)) { taps++; }
        if (is_inside(position, size)) {
          let at = vec3u(position);
          let v = V(x[base + at.x * params.x_stride2 + at.y * params.x_stride3 + at.z * params.x_stride4]);
          acc = ${fragments.update};
        }
      }
    }
  }
  let target_index = params.y_offset + n * params.y_stride0 + c * params.y_stride1
    + oz * params.y_stride2 + oy * params.y_stride3 + ox * params.y_stride4;
  y[target_index] = T(${fragments.finish});
`,
  });
}

/** Whether four neighbouring channels can be moved as one vector. */
export function hasVectorChannels(operand: Operand): boolean {
  const { shape, strides, offset } = operand;
  const isAligned = strides.every((stride, axis) => axis === 1 || shape[axis] === 1 || stride % 4 === 0);
  return shape[1] % 4 === 0 && strides[1] === 1 && offset % 4 === 0 && isAligned;
}

/** Pooling of x [N, C, up to three spatial dimensions] into y, in any strides; one thread an output, or four channels of one. */
export function poolEmission(
  pool: PoolKind,
  window: Window,
  input: Operand,
  output: Operand,
  profile: DeviceProfile,
): Emission {
  const isVector = hasVectorChannels(input) && hasVectorChannels(output);
  const unit = isVector ? 4 : 1;
  const [x, y] = [toVolume(input), toVolume(output)];
  const volumeWindow = toVolumeWindow(window);
  const channels = x.shape[1] / unit;
  const count = y.shape[0] * channels * y.shape[2] * y.shape[3] * y.shape[4];
  const grid = gridOf(Math.ceil(count / workgroupSize), profile);
  const params: Param[] = [
    grid.param,
    { name: 'count', type: 'u32', value: count },
    { name: 'channels', type: 'u32', value: channels },
    ...spatialParams('in', x.shape.slice(2)),
    ...spatialParams('out', y.shape.slice(2), 'u32'),
    ...windowParams(volumeWindow),
    ...spatialParams('end', volumeWindow.padsEnd),
    ...operandParams('x', x, unit),
    ...operandParams('y', y, unit),
  ];
  const kernel = poolKernel(pool, input.elementType, isVector, params);
  return { kernel, workgroups: grid.workgroups, params, operands: [input, output] };
}
