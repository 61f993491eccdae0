import type { Param } from '@tessera/conv-kernels';
import type { Operand } from '../operators/types.js';
import { u32 } from './params.js';

/** A sliding window over up to three spatial dimensions, one number for each. Pads of the end are implied by the output's size. */
export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly padsBegin: readonly number[];
  readonly padsEnd: readonly number[];
}

const axes = ['d', 'h', 'w'] as const;

/** Puts dimensions before the spatial ones of [N, C, spatial...] so that there are three: depth, height, width. */
export function toVolume(operand: Operand): Operand {
  const missing = 5 - operand.shape.length;
  const expand = (values: readonly number[], fill: number) => [
    ...values.slice(0, 2),
    ...new Array<number>(missing).fill(fill),
    ...values.slice(2),
  ];
  return { ...operand, shape: expand(operand.shape, 1), strides: expand(operand.strides, 0) };
}

export function toVolumeWindow(window: Window): Window {
  const expand = (values: readonly number[], fill: number) => [
    ...new Array<number>(3 - values.length).fill(fill),
    ...values,
  ];
  return {
    kernel: expand(window.kernel, 1),
    strides: expand(window.strides, 1),
    dilations: expand(window.dilations, 1),
    padsBegin: expand(window.padsBegin, 0),
    padsEnd: expand(window.padsEnd, 0),
  };
}

/** Params `<name>_d`, `<name>_h`, `<name>_w`. */
export function spatialParams(name: string, values: readonly number[], type: 'u32' | 'i32' = 'i32'): Param[] {
  return axes.map((axis, i) => ({ name: `${name}_${axis}`, type, value: values[i] }));
}

/** Params `kernel_d` ... `pad_w`, signed. */
export function windowParams(window: Window): Param[] {
  return [
    ...spatialParams('kernel', window.kernel),
    ...spatialParams('stride', window.strides),
    ...spatialParams('dilation', window.dilations),
    ...spatialParams('pad', window.padsBegin),
  ];
}

/** Params `<name>_offset`, `<name>_stride0` ... `<name>_stride4`, in units of `unit` elements. */
export function operandParams(name: string, operand: Operand, unit = 1): Param[] {
  return [
    u32(`${name}_offset`, operand.offset / unit),
    ...operand.strides.map((stride, axis) => {
      const isVectorAxis = unit > 1 && axis === 1;
      return u32(`${name}_stride${axis}`, isVectorAxis ? 1 : stride / unit);
    }),
  ];
}

/**
 * WGSL that finds what the output `rest` (channels innermost) of a window over x stands for: image `n`, channel `c`, place
 * `oz`, `oy`, `ox`; the `origin` of the window in x, whose spatial `size` it may exceed; and the element `base` where the
 * channel's volume begins.
 */
export const windowPlaceCode = `  let c = rest % params.channels;
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
  let base = params.x_offset + n * params.x_stride0 + c * params.x_stride1;`;

/** WGSL of the element of y that the output goes to, after `windowPlaceCode`. */
export const windowTargetCode = `  let target_index = params.y_offset + n * params.y_stride0 + c * params.y_stride1
    + oz * params.y_stride2 + oy * params.y_stride3 + ox * params.y_stride4;`;
