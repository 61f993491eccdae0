import { shader, type DeviceProfile, type Kernel, type Param } from '@tessera/conv-kernels';
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
${invocationCode('rest', workgroupSize, 'var')}
${windowPlaceCode}
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
${windowTargetCode}
  y[target_index] = T(${fragments.finish});
`,
  });
}

/** Whether four neighbouring channels can be moved as one vector. */
function hasVectorChannels(operand: Operand): boolean {
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
    u32('count', count),
    u32('channels', channels),
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
