/**
 * What an ONNX file says, decoded once and free of protobuf. All of it is plain, frozen data; tensor bytes stay where
 * they are (in the file's buffer or in an external file) and are read on demand.
 */

/** ONNX tensor element types, in lower case, as in TensorProto.DataType. */
export type DataType =
  | 'float32'
  | 'float16'
  | 'bfloat16'
  | 'float64'
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'uint8'
  | 'uint16'
  | 'uint32'
  | 'uint64'
  | 'bool'
  | 'string'
  | 'complex64'
  | 'complex128'
  | 'float8e4m3fn'
  | 'float8e4m3fnuz'
  | 'float8e5m2'
  | 'float8e5m2fnuz'
  | 'float8e8m0'
  | 'int4'
  | 'uint4'
  | 'float4e2m1'
  | 'int2'
  | 'uint2';

/** Where bytes come from. Reads are synchronous: from memory, or from a file by position. */
export interface ByteSource {
  readonly byteLength: number;
  /** Returns `length` bytes from `offset`; may be a view, so callers must not write to it. */
  read(offset: number, length: number): Uint8Array;
  /** Reads from `offset` on until `target` is full, without memory of its own; absent where `read` gives views. */
  readInto?(offset: number, target: Uint8Array): void;
}

/**
 * A constant tensor by reference. `bytes` holds the elements as ONNX's raw_data does: little-endian, row-major, 4-bit
 * types packed two to a byte (low half first). Absent for strings.
 */
export interface Tensor {
  readonly name: string;
  readonly dataType: DataType;
  readonly dims: readonly number[];
  readonly bytes: ByteSource;
  /** The elements of a string tensor; absent for every other type. */
  readonly strings?: readonly string[];
}

/** A dimension: a size, a symbol (dim_param), or null where the file says nothing. */
export type Dimension = number | string | null;

export type ValueType =
  | { readonly kind: 'tensor'; readonly dataType: DataType; readonly dims?: readonly Dimension[] }
  | { readonly kind: 'sparse_tensor'; readonly dataType: DataType; readonly dims?: readonly Dimension[] }
  | { readonly kind: 'sequence' | 'optional'; readonly element: ValueType }
  | { readonly kind: 'map'; readonly key: DataType; readonly value: ValueType };

export interface ValueInfo {
  readonly name: string;
  readonly type?: ValueType;
  readonly docString?: string;
}

/** INT64 attributes are numbers; magnitudes beyond 2^53 only serve as "without end" and lose their low bits. */
export type Attribute =
  | { readonly type: 'float'; readonly value: number }
  | { readonly type: 'int'; readonly value: number }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'tensor'; readonly value: Tensor }
  | { readonly type: 'graph'; readonly value: Graph }
  | { readonly type: 'floats'; readonly value: readonly number[] }
  | { readonly type: 'ints'; readonly value: readonly number[] }
  | { readonly type: 'strings'; readonly value: readonly string[] }
  | { readonly type: 'tensors'; readonly value: readonly Tensor[] }
  | { readonly type: 'graphs'; readonly value: readonly Graph[] }
  | { readonly type: 'sparse_tensor'; readonly value: SparseTensor }
  | { readonly type: 'type'; readonly value: ValueType }
  /** Inside a model-local function: the attribute of the calling node that gives the value. */
  | { readonly type: 'reference'; readonly attribute: string };

export interface SparseTensor {
  readonly values: Tensor;
  readonly indices: Tensor;
  readonly dims: readonly number[];
}

export interface Node {
  /** As in the file; a nameless node is called `<opType>_<index>`. Unique within the graph. */
  readonly name: string;
  readonly opType: string;
  /** '' for the default domain (also where the file says 'ai.onnx'). */
  readonly domain: string;
  readonly overload: string;
  /** Value names; '' for an omitted optional input. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, Attribute>;
}

export interface Graph {
  readonly name: string;
  /** In an order in which every value is made before it is used. */
  readonly nodes: readonly Node[];
  /** Without those that are also initializers (IR 3): such an input has a default and is listed in `initializers`. */
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly initializers: ReadonlyMap<string, Tensor>;
  /** Types the file states for inner values. */
  readonly valueInfo: ReadonlyMap<string, ValueInfo>;
}

/** A model-local function (FunctionProto). */
export interface FunctionDefinition {
  readonly name: string;
  readonly domain: string;
  readonly overload: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Attributes without a default, then those with one. */
  readonly attributeNames: readonly string[];
  readonly attributeDefaults: ReadonlyMap<string, Attribute>;
  readonly nodes: readonly Node[];
  readonly opsetImports: ReadonlyMap<string, number>;
}

export interface Model {
  readonly irVersion: number;
  readonly producerName: string;
  readonly producerVersion: string;
  /** Domain ('' for the default one) to version. */
  readonly opsetImports: ReadonlyMap<string, number>;
  readonly metadata: ReadonlyMap<string, string>;
  readonly graph: Graph;
  readonly functions: readonly FunctionDefinition[];
}
