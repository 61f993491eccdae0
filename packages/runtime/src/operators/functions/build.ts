import type { Attribute } from '@tessera/onnx-loader';
import type { Dim } from '../../graph.js';
import { fromNumbers } from '../numbers.js';
import type { ExpandContext } from '../types.js';

export const int = (value: number): Attribute => ({ type: 'int', value });
export const ints = (value: readonly number[]): Attribute => ({ type: 'ints', value });
export const float = (value: number): Attribute => ({ type: 'float', value });
export const text = (value: string): Attribute => ({ type: 'string', value });

/** TensorProto.DataType numbers, for attributes of Cast. */
export const typeNumbers = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  bfloat16: 16,
} as const;

/** A node of one output, and the name of that output. */
export function call(
  context: ExpandContext,
  opType: string,
  inputs: readonly string[],
  attributes?: Readonly<Record<string, Attribute>>,
): string {
  return context.add(opType, inputs, attributes)[0];
}

/** A constant vector of int64, as shapes and axes are. */
export function vector(context: ExpandContext, values: readonly number[]): string {
  return context.constantNamed(fromNumbers('int64', [values.length], values));
}

/** A constant of the type of another value and rank 0. */
export function scalarLike(context: ExpandContext, value: string, number: number): string {
  return context.constantNamed(fromNumbers(context.typeOf(value).dataType, [], [number]));
}

/** The value as a tensor of this type; itself where it has it. */
export function castTo(context: ExpandContext, value: string, dataType: keyof typeof typeNumbers): string {
  if (context.typeOf(value).dataType === dataType) return value;
  return call(context, 'Cast', [value], { to: int(typeNumbers[dataType]) });
}

/** The shape of a value whose rank must be known. */
export function shapeOf(context: ExpandContext, value: string, what: string): readonly Dim[] {
  return context.typeOf(value).shape ?? context.fail(`the rank of ${what} must be known`);
}

/** With an axis of size 1 at each of these places of the result. */
export function unsqueeze(context: ExpandContext, value: string, axes: readonly number[]): string {
  return axes.length === 0 ? value : call(context, 'Unsqueeze', [value, vector(context, axes)]);
}
