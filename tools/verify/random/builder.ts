import type { DataType } from '@tessera/onnx-loader';
import type { AttributeSpec, NodeSpec, TensorSpec } from '../../testing/index.js';
import type { Random } from './random.js';

export type ValueKind = 'float32' | 'int32' | 'int64' | 'bool';

/** A value of the graph under construction. */
export interface Value {
  readonly name: string;
  readonly kind: ValueKind;
  readonly dims: readonly number[];
  /** No element is larger, rounding aside. */
  readonly bound: number;
  /** Every runtime gets exactly the same elements, so that functions with jumps may follow. */
  readonly isExact: boolean;
}

type Made = Pick<Value, 'kind' | 'dims' | 'bound' | 'isExact'>;

export interface Builder {
  readonly random: Random;
  readonly nodes: readonly NodeSpec[];
  readonly initializers: readonly TensorSpec[];
  /** Adds a node of one or more outputs. */
  add(
    opType: string,
    inputs: readonly (Value | string)[],
    outputs: readonly Made[],
    attributes?: Readonly<Record<string, AttributeSpec>>,
  ): readonly Value[];
  /** A constant of random elements: floats in [low, high), integers in [low, high]. */
  constant(kind: ValueKind, dims: readonly number[], range: readonly [number, number]): Value;
  /** A constant vector of int64. */
  vector(values: readonly number[]): string;
  scalar(kind: 'float32' | 'int64', value: number): string;
}

export const count = (dims: readonly number[]) => dims.reduce((total, size) => total * size, 1);

export function randomElements(random: Random, kind: ValueKind, length: number, range: readonly [number, number]) {
  const [low, high] = range;
  const draw = kind === 'float32' ? () => low + (high - low) * random.number() : () => random.int(low, high);
  return Array.from({ length }, draw);
}

export function builder(random: Random): Builder {
  const nodes: NodeSpec[] = [];
  const initializers: TensorSpec[] = [];
  let made = 0;
  const store = (dataType: DataType, dims: readonly number[], data: readonly number[]) => {
    const name = `constant${initializers.length}`;
    initializers.push({ name, dataType, dims, data });
    return name;
  };
  return {
    random,
    nodes,
    initializers,
    add(opType, inputs, outputs, attributes) {
      const values = outputs.map((output) => ({ ...output, name: `value${made++}` }));
      const names = inputs.map((input) => (typeof input === 'string' ? input : input.name));
      nodes.push({
        opType,
        name: `${opType}${nodes.length}`,
        inputs: names,
        outputs: values.map((v) => v.name),
        attributes,
      });
      return values;
    },
    constant(kind, dims, range) {
      const name = store(kind, dims, randomElements(random, kind, count(dims), range));
      return { name, kind, dims, bound: Math.max(...range.map(Math.abs)), isExact: true };
    },
    vector: (values) => store('int64', [values.length], values),
    scalar: (kind, value) => store(kind, [], [value]),
  };
}
