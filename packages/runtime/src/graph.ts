import type { Attribute, DataType, Tensor as StoredTensor } from '@tessera/onnx-loader';
import type { Tensor } from './tensor.js';

/** A size, or a symbol for one not known yet ('N', or an expression in symbols such as '(N*2+1)'); equal texts are equal sizes. */
export type Dim = number | string;

/** What holds tensors of one element type, where a value is not a tensor itself. */
export type Container = 'sequence' | 'optional' | 'optional-sequence';

/** `shape` is absent where not even the rank is known, and of a container where its tensors may differ. */
export interface ValueType {
  readonly dataType: DataType;
  readonly shape?: readonly Dim[];
  readonly container?: Container;
}

/** A constant as it came: in host memory, or still in the file (read when it is uploaded). */
export type PlainConstant =
  { readonly kind: 'host'; readonly tensor: Tensor } | { readonly kind: 'stored'; readonly tensor: StoredTensor };

/** A float32 constant times factors, which are applied when it is read: element i by factor floor(i / run) mod their number. */
export interface ScaledConstant {
  readonly kind: 'scaled';
  readonly tensor: { readonly dataType: 'float32'; readonly dims: readonly number[] };
  readonly base: PlainConstant;
  readonly factors: Float32Array<ArrayBuffer>;
  readonly run: number;
}

export type Constant = PlainConstant | ScaledConstant;

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
  /** Of If, Loop, Scan and SequenceMap: the graphs that they run. */
  readonly subgraphs?: Subgraphs;
}

export interface Subgraphs {
  /** Inputs the node has in the file; those after them are the values of `captured`. */
  readonly formalInputs: number;
  /** Names by which the subgraphs know the values of the outer graph that they use. */
  readonly captured: readonly string[];
  /** By attribute: then_branch, else_branch, body. */
  readonly graphs: ReadonlyMap<string, Subgraph>;
}

/** A subgraph, its names made unique in the whole graph. */
export interface Subgraph {
  readonly nodes: readonly TypedNode[];
  readonly constants: ReadonlyMap<string, Constant>;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** The types the file states of the outputs. */
  readonly outputTypes: readonly (ValueType | undefined)[];
}

/** The graph as the passes see it: functions inlined, constants apart, each value with its type as far as known. */
export interface TypedGraph {
  readonly nodes: readonly TypedNode[];
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly constants: ReadonlyMap<string, Constant>;
  /** Complete but for what only a run tells: the results of control flow, and what is made of them. */
  readonly types: ReadonlyMap<string, ValueType>;
}
