import type { DeviceProfile } from '@tessera/conv-kernels';
import type { Emission, Operand } from '../operators/types.js';
import { bilinear, planeOf } from './bilinear.js';
import { i32, u32 } from './params.js';
import { perElementEmission, place } from './per-element.js';
import type { Window } from './volume.js';

/** As DeformConv has them; see Dai et al., 2017, and Zhu et al., 2019, for the mask. */
export interface DeformConvProblem {
  /** [N, C, H, W]. */
  readonly x: Operand;
  /** [M, C / groups, kernel...]. */
  readonly weights: Operand;
  /** [N, offsetGroups * kernel * 2, out...]: for every tap how far it lies from its place, down and right. */
  readonly offset: Operand;
  /** [M]. */
  readonly bias?: Operand;
  /** [N, offsetGroups * kernel, out...]: factors of the taps. */
  readonly mask?: Operand;
  /** [N, M, out...]. */
  readonly y: Operand;
  readonly window: Window;
  readonly groups: number;
  readonly offsetGroups: number;
}

/** One invocation an output element: a bilinear read of the input for each tap and channel. */
export function deformConvEmission(problem: DeformConvProblem, profile: DeviceProfile): Emission {
  const { x, weights, offset, bias, mask, y, window, groups, offsetGroups } = problem;
  const { kernel, strides, dilations, padsBegin } = window;
  const [outChannels, perGroup] = weights.shape;
  const params = [
    u32('kernel_h', kernel[0]),
    u32('kernel_w', kernel[1]),
    u32('per_group', perGroup),
    u32('group_out', outChannels / groups),
    u32('offset_channels', x.shape[1] / offsetGroups),
    i32('height', x.shape[2]),
    i32('width', x.shape[3]),
    i32('stride_h', strides[0]),
    i32('stride_w', strides[1]),
    i32('dilation_h', dilations[0]),
    i32('dilation_w', dilations[1]),
    i32('pad_h', padsBegin[0]),
    i32('pad_w', padsBegin[1]),
  ];
  const operands = { x, weights, offset, ...(bias ? { bias } : {}), ...(mask ? { mask } : {}), y };
  return perElementEmission(
    {
      label: 'deform-conv',
      shape: y.shape,
      operands,
      params,
      declarations: bilinear('x'),
      body: `
  let first_channel = i1 / params.group_out * params.per_group;
  let taps = params.kernel_h * params.kernel_w;
  let origin_y = i32(i2) * params.stride_h - params.pad_h;
  let origin_x = i32(i3) * params.stride_w - params.pad_w;
  var total = ${bias ? 'f32(bias[params.bias_offset + i1 * params.bias_stride0])' : '0.0'};
  for (var tap = 0u; tap < taps; tap++) {
    let ky = tap / params.kernel_w;
    let kx = tap % params.kernel_w;
    for (var c = 0u; c < params.per_group; c++) {
      let channel = first_channel + c;
      let moved = channel / params.offset_channels * taps + tap;
      let dy = f32(offset[${place('offset', ['i0', '2u * moved', 'i2', 'i3'])}]);
      let dx = f32(offset[${place('offset', ['i0', '2u * moved + 1u', 'i2', 'i3'])}]);
      let at_y = f32(origin_y + i32(ky) * params.dilation_h) + dy;
      let at_x = f32(origin_x + i32(kx) * params.dilation_w) + dx;
      let value = bilinear_x(${planeOf('x', 'i0', 'channel')}, at_y, at_x, params.height, params.width);
      let weight = f32(weights[${place('weights', ['i1', 'c', 'ky', 'kx'])}]);
      total += value * weight${mask ? ` * f32(mask[${place('mask', ['i0', 'moved', 'i2', 'i3'])}])` : ''};
    }
  }
  y[${place('y', ['i0', 'i1', 'i2', 'i3'])}] = T_y(total);
`,
    },
    profile,
  );
}
