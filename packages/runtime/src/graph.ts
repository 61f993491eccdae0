import type { Attribute, DataType, Tensor as StoredTensor } from '@tessera/onnx-loader';
import type { Tensor } from './tensor.js';

/** A size, or a symbol for one not known yet ('N', or an expression in symbols such as '(N*2+1)'); equal texts are equal sizes. */
export type Dim = number | string;

/** `shape` is absent where not even the rank is known. */
export interface ValueType {
  readonly dataType: DataType;
  readonly shape?: readonly Dim[];
}

/** A constant: in host memory, or still in the file (read when it is uploaded). */
export type Constant =
  { readonly kind: 'host'; readonly tensor: Tensor } | { readonly kind: 'stored'; readonly tensor: StoredTensor };

export interface TypedNode {
  readonly name: string;
  readonly opType: string;
  /** '' default domain, 'com.microsoft', ..., and 'tessera' for what our own passes make. */
  readonly domain: string;
  /** The version of the node's domain in force, which picks the operator's definition. */
  readonly opset: number;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, Attribute>;
  /** Names of the file's nodes that this one stands for. */
  readonly origins: readonly string[];
  /** Of an If: what takes its place when the condition is known. Inputs from 1 on are the values of `captured`. */
  readonly branches?: Branches;
}

export interface Branches {
  /** Names by which the branches know the values of the outer graph that they use. */
  readonly captured: readonly string[];
  readonly then: Branch;
  readonly else: Branch;
}

/** A subgraph, its names made unique in the whole graph. */
export interface Branch {
  readonly nodes: readonly TypedNode[];
  readonly constants: ReadonlyMap<string, Constant>;
  readonly outputs: readonly string[];
}

/** The graph as the passes see it: functions inlined, constants apart, each value with its type as far as known. */
export interface TypedGraph {
  readonly nodes: readonly TypedNode[];
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly constants: ReadonlyMap<string, Constant>;
  readonly types: ReadonlyMap<string, ValueType>;
}
