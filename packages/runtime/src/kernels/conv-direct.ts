import {
  activationCode,
  shader,
  type ActivationFunction,
  type Binding,
  type DeviceProfile,
  type Kernel,
  type Param,
} from '@tessera/conv-kernels';
import type { Emission, Operand } from '../operators/types.js';
import { gridOf } from './grid.js';
import { accumulatorType, storageEnables } from './storage-types.js';
import { operandParams, spatialParams, toVolume, toVolumeWindow, windowParams, type Window } from './volume.js';

const workgroupSize = 64;

/**
 * A convolution of up to three spatial dimensions, or the transpose of one. x [N, C, spatial...] and y
 * [N, M, spatial...] lie in any strides; `weights` are [M, C / groups, spatial...], transposed [C, M / groups, spatial...].
 * Integers are summed in their own type, without an activation.
 */
export interface DirectConvProblem {
  readonly isTransposed: boolean;
  readonly window: Window;
  readonly groups: number;
  readonly x: Operand;
  readonly weights: Operand;
  /** One number for each output channel: f32, or the integer type. */
  readonly bias?: Operand;
  /** Of the shape of y. */
  readonly residual?: Operand;
  readonly activation?: ActivationFunction;
  readonly y: Operand;
}

/** Where in the input a filter tap looks from an output position; outside [0, size) where it looks at nothing. */
const sources = {
  convolution: `
fn source(output: i32, tap: i32, stride: i32, dilation: i32, pad: i32) -> i32 {
  return output * stride + tap * dilation - pad;
}`,
  transposed: `
fn source(output: i32, tap: i32, stride: i32, dilation: i32, pad: i32) -> i32 {
  let position = output + pad - tap * dilation;
  return select(-1, position / stride, position >= 0 && position % stride == 0);
}`,
};

function directKernel(problem: DirectConvProblem, params: readonly Param[]): Kernel {
  const { x, weights, y, bias, residual } = problem;
  const isFloat = accumulatorType(y.elementType) === 'f32';
  const accumulate = isFloat ? 'fma(vec4f(value), w, acc)' : 'acc + value * w';
  const bindings: Binding[] = [
    { name: 'x', access: 'read', type: `array<${x.elementType}>` },
    { name: 'weights', access: 'read', type: `array<${weights.elementType}>` },
  ];
  if (bias) bindings.push({ name: 'bias', access: 'read', type: `array<${bias.elementType}>` });
  if (residual) bindings.push({ name: 'residual', access: 'read', type: `array<${residual.elementType}>` });
  bindings.push({ name: 'y', access: 'read_write', type: `array<${y.elementType}>` });
  return shader({
    label: problem.isTransposed ? 'conv-transpose-direct' : 'conv-direct-3d',
    enables: storageEnables(x.elementType, weights.elementType, y.elementType),
    aliases: { Y: y.elementType, A: accumulatorType(y.elementType) },
    bindings,
    params,
    workgroupSize: [workgroupSize, 1, 1],
    declarations: `${problem.isTransposed ? sources.transposed : sources.convolution}\n${isFloat ? activationCode(problem.activation, 'f32') : ''}`,
    body: `
  var rest = (workgroup_id.y * params.grid_x + workgroup_id.x) * ${workgroupSize}u + local_index;
  if (rest >= params.count) { return; }
  let block = rest % params.blocks;
  rest /= params.blocks;
  let group = rest % params.groups;
  rest /= params.groups;
  let ox = rest % params.out_w;
  rest /= params.out_w;
  let oy = rest % params.out_h;
  rest /= params.out_h;
  let oz = rest % params.out_d;
  let n = rest / params.out_d;
  let first = block * 4u;
  let last = params.group_out - 1u;
  let lanes = min(vec4u(first, first + 1u, first + 2u, first + 3u), vec4u(last)) * params.weights_out;
  let group_x = params.x_offset + n * params.x_stride0 + group * params.group_in * params.x_stride1;
  let group_weights = params.weights_offset + group * params.weights_group;
  var acc = vec4<A>();
  for (var kz = 0; kz < params.kernel_d; kz++) {
    let iz = source(i32(oz), kz, params.stride_d, params.dilation_d, params.pad_d);
    if (iz < 0 || iz >= params.in_d) { continue; }
    for (var ky = 0; ky < params.kernel_h; ky++) {
      let iy = source(i32(oy), ky, params.stride_h, params.dilation_h, params.pad_h);
      if (iy < 0 || iy >= params.in_h) { continue; }
      for (var kx = 0; kx < params.kernel_w; kx++) {
        let ix = source(i32(ox), kx, params.stride_w, params.dilation_w, params.pad_w);
        if (ix < 0 || ix >= params.in_w) { continue; }
        let x_at = group_x + u32(iz) * params.x_stride2 + u32(iy) * params.x_stride3 + u32(ix) * params.x_stride4;
        let weights_at = group_weights + u32(kz) * params.weights_stride2 + u32(ky) * params.weights_stride3
          + u32(kx) * params.weights_stride4;
        for (var c = 0u; c < params.group_in; c++) {
          let value = A(x[x_at + c * params.x_stride1]);
          let at = lanes + vec4u(weights_at + c * params.weights_in);
          let w = vec4<A>(A(weights[at.x]), A(weights[at.y]), A(weights[at.z]), A(weights[at.w]));
          acc = ${accumulate};
        }
      }
    }
  }
  let valid = min(4u, params.group_out - first);
  let position = n * params.y_stride0 + oz * params.y_stride2 + oy * params.y_stride3 + ox * params.y_stride4;
  ${residual ? 'let residual_position = n * params.residual_stride0 + oz * params.residual_stride2 + oy * params.residual_stride3 + ox * params.residual_stride4;' : ''}
  for (var lane = 0u; lane < valid; lane++) {
    let channel = group * params.group_out + first + lane;
    var value = acc[lane];
    ${bias ? 'value += A(bias[channel]);' : ''}
    ${residual ? 'value += A(residual[params.residual_offset + residual_position + channel * params.residual_stride1]);' : ''}
    y[params.y_offset + position + channel * params.y_stride1] = Y(${isFloat ? 'activate(value)' : 'value'});
  }
`,
  });
}

function directParams(problem: DirectConvProblem, x: Operand, y: Operand, weights: Operand): Param[] {
  const { isTransposed, groups } = problem;
  const groupIn = x.shape[1] / groups;
  const groupOut = y.shape[1] / groups;
  const [outAxis, inAxis] = isTransposed ? [1, 0] : [0, 1];
  const groupStride = isTransposed ? groupIn * weights.strides[0] : groupOut * weights.strides[0];
  const u32 = (name: string, value: number): Param => ({ name, type: 'u32', value });
  return [
    u32('blocks', Math.ceil(groupOut / 4)),
    u32('groups', groups),
    u32('group_in', groupIn),
    u32('group_out', groupOut),
    u32('weights_group', groupStride),
    u32('weights_out', weights.strides[outAxis]),
    u32('weights_in', weights.strides[inAxis]),
    ...spatialParams('in', x.shape.slice(2)),
    ...spatialParams('out', y.shape.slice(2), 'u32'),
    ...windowParams(toVolumeWindow(problem.window)),
    ...operandParams('x', x),
    ...operandParams('weights', weights),
    ...operandParams('y', y),
    ...(problem.residual ? operandParams('residual', toVolume(problem.residual)) : []),
  ];
}

/** One thread gathers four output channels of one position; weights may be computed at run time. */
export function directConvEmission(problem: DirectConvProblem, profile: DeviceProfile): Emission {
  const [x, y, weights] = [problem.x, problem.y, problem.weights].map(toVolume);
  const positions = y.shape[0] * y.shape[2] * y.shape[3] * y.shape[4];
  const count = positions * problem.groups * Math.ceil(y.shape[1] / problem.groups / 4);
  const grid = gridOf(Math.ceil(count / workgroupSize), profile);
  const params: Param[] = [
    grid.param,
    { name: 'count', type: 'u32', value: count },
    ...directParams(problem, x, y, weights),
  ];
  const { bias, residual } = problem;
  return {
    kernel: directKernel(problem, params),
    workgroups: grid.workgroups,
    params,
    operands: [problem.x, problem.weights, ...(bias ? [bias] : []), ...(residual ? [residual] : []), problem.y],
    flops: directFlops(problem),
  };
}

/** 2 per multiply-add, padding included. */
function directFlops({ isTransposed, window, groups, x, y }: DirectConvProblem): number {
  const taps = window.kernel.reduce((product, size) => product * size, 1);
  const count = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1);
  const perTap = isTransposed ? count(x.shape) * (y.shape[1] / groups) : count(y.shape) * (x.shape[1] / groups);
  return 2 * taps * perTap;
}
