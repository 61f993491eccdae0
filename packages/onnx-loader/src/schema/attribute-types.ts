import type { Attribute } from '../model.js';

/** AttributeProto.AttributeType, by the names used here. */
export const attributeTypeNumbers = {
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  graph: 5,
  floats: 6,
  ints: 7,
  strings: 8,
  tensors: 9,
  graphs: 10,
  sparse_tensor: 11,
  type: 13,
} as const satisfies Readonly<Record<Exclude<Attribute['type'], 'reference'>, number>>;

export type AttributeTypeName = keyof typeof attributeTypeNumbers;

const names = new Map<number, AttributeTypeName>(
  Object.entries(attributeTypeNumbers).map(([name, number]) => [number, name as AttributeTypeName]),
);

export function attributeTypeName(number: number): AttributeTypeName | undefined {
  return names.get(number);
}
