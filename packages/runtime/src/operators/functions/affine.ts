import type { ExpandContext } from '../types.js';
import { call, int } from './build.js';

/** A tensor of integers q that stands for (q - zeroPoint) * scale. Without a zero point it is 0. */
export interface Affine {
  readonly value: string;
  readonly scale: string;
  readonly zeroPoint: string;
}

/** The quantized tensor of three inputs in a row: values, scale, zero point. */
export function affineInput(context: ExpandContext, first: number): Affine {
  return {
    value: context.inputName(first),
    scale: context.inputName(first + 1),
    zeroPoint: context.inputName(first + 2),
  };
}

/** A scale or zero point of one element, whatever its rank, as a scalar. */
function parameter(context: ExpandContext, name: string): string {
  const { shape } = context.typeOf(name);
  if (name === '' || shape?.length !== 1 || shape[0] !== 1) return name;
  return call(context, 'Squeeze', [name]);
}

function present(context: ExpandContext, names: readonly string[]): string[] {
  return names.filter((name) => name !== '').map((name) => parameter(context, name));
}

/** The numbers that a quantized tensor stands for; `axis` is that of scales for each position. */
export function dequantized(context: ExpandContext, { value, scale, zeroPoint }: Affine, axis = 1): string {
  return call(context, 'DequantizeLinear', [value, ...present(context, [scale, zeroPoint])], { axis: int(axis) });
}

/** The integers nearest to a tensor's values; uint8 without a zero point. */
export function quantized(context: ExpandContext, value: string, scale: string, zeroPoint: string, axis = 1): string {
  return call(context, 'QuantizeLinear', [value, ...present(context, [scale, zeroPoint])], { axis: int(axis) });
}
