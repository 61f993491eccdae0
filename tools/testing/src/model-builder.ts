import type { DataType, Dimension, ValueType } from '@tessera/onnx-loader';
import { attributeTypeNumbers, dataTypeNumber, encodeModel, int64 } from '@tessera/onnx-loader/schema';
import type {
  AttributeMessage,
  FunctionMessage,
  GraphMessage,
  NodeMessage,
  OpsetMessage,
  SparseTensorMessage,
  TypeMessage,
  ValueInfoMessage,
} from '@tessera/onnx-loader/schema';
import { encodeTensor } from './encode-tensor.js';
import type { ExternalTensorSpec, TensorSpec } from './encode-tensor.js';

/** A tensor value by element type and dims (symbols are texts; without dims the rank is unknown), or of any type. */
export type ValueSpec =
  | { readonly name: string; readonly dataType?: DataType; readonly dims?: readonly Dimension[] }
  | { readonly name: string; readonly type: ValueType };

/** An attribute whose type is said outright. */
export type TypedAttributeSpec =
  | { readonly type: 'float' | 'int'; readonly value: number | bigint }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'floats' | 'ints'; readonly value: readonly (number | bigint)[] }
  | { readonly type: 'strings'; readonly value: readonly string[] }
  | { readonly type: 'tensor'; readonly value: TensorSpec | ExternalTensorSpec }
  | { readonly type: 'tensors'; readonly value: readonly TensorSpec[] }
  | { readonly type: 'graph'; readonly value: GraphSpec }
  | { readonly type: 'graphs'; readonly value: readonly GraphSpec[] }
  | { readonly type: 'sparse_tensor'; readonly value: SparseTensorSpec }
  | { readonly type: 'type'; readonly value: ValueType }
  | { readonly type: 'reference'; readonly attribute: string };

/**
 * An attribute. A plain number is an INT where it is whole and a FLOAT else, and so for lists (INTS where all are whole,
 * also where there are none): say `{ type: 'float', value: 1 }` for a FLOAT that is whole.
 */
export type AttributeSpec = number | bigint | string | readonly number[] | readonly string[] | TypedAttributeSpec;

export interface NodeSpec {
  readonly opType: string;
  readonly domain?: string;
  readonly overload?: string;
  readonly name?: string;
  /** '' for an omitted optional input. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, AttributeSpec>>;
}

export interface SparseTensorSpec {
  readonly values: TensorSpec;
  readonly indices: TensorSpec;
  readonly dims: readonly number[];
}

export interface GraphSpec {
  readonly name?: string;
  readonly inputs?: readonly ValueSpec[];
  readonly outputs: readonly ValueSpec[];
  readonly initializers?: readonly (TensorSpec | ExternalTensorSpec)[];
  readonly sparseInitializers?: readonly SparseTensorSpec[];
  readonly nodes: readonly NodeSpec[];
  readonly valueInfo?: readonly ValueSpec[];
}

export interface FunctionSpec {
  readonly name: string;
  readonly domain: string;
  readonly overload?: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Names of attributes without a default. */
  readonly attributes?: readonly string[];
  readonly attributeDefaults?: Readonly<Record<string, AttributeSpec>>;
  readonly nodes: readonly NodeSpec[];
  readonly opsets?: Readonly<Record<string, number>>;
}

export interface ModelSpec extends GraphSpec {
  /** Version of the default operator set; 21 without it. */
  readonly opset?: number;
  /** Versions of further domains; the default one may be given here too, by ''. */
  readonly opsets?: Readonly<Record<string, number>>;
  /** 10 without it. */
  readonly irVersion?: number;
  readonly functions?: readonly FunctionSpec[];
  readonly metadata?: Readonly<Record<string, string>>;
}

/** The bytes of an ONNX file that says what `spec` says; nothing is checked, so that broken models can be written too. */
export function buildModel(spec: ModelSpec): Uint8Array {
  return encodeModel({
    irVersion: spec.irVersion ?? 10,
    producerName: 'tessera-testing',
    opsetImport: opsets({ '': spec.opset ?? 21, ...spec.opsets }),
    graph: graph(spec),
    functions: (spec.functions ?? []).map(functionMessage),
    metadataProps: Object.entries(spec.metadata ?? {}).map(([key, value]) => ({ key, value })),
  });
}

function opsets(versions: Readonly<Record<string, number>>): OpsetMessage[] {
  return Object.entries(versions).map(([domain, version]) => ({ domain, version }));
}

function graph(spec: GraphSpec): GraphMessage {
  return {
    name: spec.name ?? 'graph',
    input: (spec.inputs ?? []).map(valueInfo),
    output: spec.outputs.map(valueInfo),
    initializer: (spec.initializers ?? []).map(encodeTensor),
    sparseInitializer: (spec.sparseInitializers ?? []).map(sparseTensor),
    valueInfo: (spec.valueInfo ?? []).map(valueInfo),
    node: spec.nodes.map(node),
  };
}

function node(spec: NodeSpec): NodeMessage {
  return {
    opType: spec.opType,
    domain: spec.domain ?? '',
    overload: spec.overload,
    name: spec.name ?? '',
    input: [...spec.inputs],
    output: [...spec.outputs],
    attribute: attributes(spec.attributes ?? {}),
  };
}

function functionMessage(spec: FunctionSpec): FunctionMessage {
  return {
    name: spec.name,
    domain: spec.domain,
    overload: spec.overload,
    input: [...spec.inputs],
    output: [...spec.outputs],
    attribute: [...(spec.attributes ?? [])],
    attributeProto: attributes(spec.attributeDefaults ?? {}),
    node: spec.nodes.map(node),
    opsetImport: opsets(spec.opsets ?? { '': 21 }),
  };
}

function sparseTensor(spec: SparseTensorSpec): SparseTensorMessage {
  return { values: encodeTensor(spec.values), indices: encodeTensor(spec.indices), dims: [...spec.dims] };
}

function valueInfo(spec: ValueSpec): ValueInfoMessage {
  if ('type' in spec) return { name: spec.name, type: typeMessage(spec.type) };
  if (spec.dataType === undefined) return { name: spec.name };
  return { name: spec.name, type: typeMessage({ kind: 'tensor', dataType: spec.dataType, dims: spec.dims }) };
}

function typeMessage(type: ValueType): TypeMessage {
  switch (type.kind) {
    case 'tensor':
      return { tensorType: tensorType(type) };
    case 'sparse_tensor':
      return { sparseTensorType: tensorType(type) };
    case 'sequence':
      return { sequenceType: { elemType: typeMessage(type.element) } };
    case 'optional':
      return { optionalType: { elemType: typeMessage(type.element) } };
    case 'map':
      return { mapType: { keyType: dataTypeNumber(type.key), valueType: typeMessage(type.value) } };
  }
}

function tensorType(type: { readonly dataType: DataType; readonly dims?: readonly Dimension[] }) {
  const elemType = dataTypeNumber(type.dataType);
  return type.dims === undefined ? { elemType } : { elemType, shape: { dim: type.dims.map(dimension) } };
}

function dimension(size: Dimension) {
  if (size === null) return {};
  return typeof size === 'number' ? { dimValue: size } : { dimParam: size };
}

function attributes(specs: Readonly<Record<string, AttributeSpec>>): AttributeMessage[] {
  return Object.entries(specs).map(([name, spec]) => {
    const typed = typedAttribute(spec);
    if (typed.type === 'reference') {
      return { name, refAttrName: typed.attribute };
    }
    return { name, type: attributeTypeNumbers[typed.type], ...attributeValue(typed) };
  });
}

function typedAttribute(spec: AttributeSpec): TypedAttributeSpec {
  if (typeof spec === 'number') return { type: Number.isInteger(spec) ? 'int' : 'float', value: spec };
  if (typeof spec === 'bigint') return { type: 'int', value: spec };
  if (typeof spec === 'string') return { type: 'string', value: spec };
  if ('type' in spec) return spec;
  if (isStrings(spec)) return { type: 'strings', value: spec };
  return { type: spec.every(Number.isInteger) ? 'ints' : 'floats', value: spec };
}

function isStrings(list: readonly number[] | readonly string[]): list is readonly string[] {
  return typeof list[0] === 'string';
}

function attributeValue(spec: Exclude<TypedAttributeSpec, { type: 'reference' }>): AttributeMessage {
  const encoder = new TextEncoder();
  switch (spec.type) {
    case 'float':
      return { f: Number(spec.value) };
    case 'int':
      return { i: int64(spec.value) };
    case 'string':
      return { s: encoder.encode(spec.value) };
    case 'floats':
      return { floats: spec.value.map(Number) };
    case 'ints':
      return { ints: spec.value.map(int64) };
    case 'strings':
      return { strings: spec.value.map((text) => encoder.encode(text)) };
    case 'tensor':
      return { t: encodeTensor(spec.value) };
    case 'tensors':
      return { tensors: spec.value.map(encodeTensor) };
    case 'graph':
      return { g: graph(spec.value) };
    case 'graphs':
      return { graphs: spec.value.map(graph) };
    case 'sparse_tensor':
      return { sparseTensor: sparseTensor(spec.value) };
    case 'type':
      return { tp: typeMessage(spec.value) };
  }
}
