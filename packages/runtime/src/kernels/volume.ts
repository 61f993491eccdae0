import type { Param } from '@tessera/conv-kernels';
import type { Operand } from '../operators/types.js';

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
    { name: `${name}_offset`, type: 'u32', value: operand.offset / unit },
    ...operand.strides.map((stride, axis): Param => {
      const isVectorAxis = unit > 1 && axis === 1;
      return { name: `${name}_stride${axis}`, type: 'u32', value: isVectorAxis ? 1 : stride / unit };
    }),
  ];
}
