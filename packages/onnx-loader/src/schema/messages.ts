import type { onnx } from 'onnx-proto';

/*
 * The protobuf messages as decoded: onnx-proto's (ONNX 1.10) with the fields that came later and that the loader uses.
 * Other newer fields (metadata_props of nodes, graphs and tensors, device configurations) are skipped.
 */

export type TensorMessage = onnx.ITensorProto;
export type SparseTensorMessage = onnx.ISparseTensorProto;
export type TypeMessage = onnx.ITypeProto;
export type ValueInfoMessage = onnx.IValueInfoProto;
export type OpsetMessage = onnx.IOperatorSetIdProto;

export interface AttributeMessage extends onnx.IAttributeProto {
  g?: GraphMessage | null;
  graphs?: GraphMessage[] | null;
}

export interface NodeMessage extends onnx.INodeProto {
  attribute?: AttributeMessage[] | null;
  /** NodeProto.overload, IR 10. */
  overload?: string | null;
}

export interface GraphMessage extends onnx.IGraphProto {
  node?: NodeMessage[] | null;
}

export interface FunctionMessage extends onnx.IFunctionProto {
  node?: NodeMessage[] | null;
  /** FunctionProto.attribute_proto, IR 9: attributes with a default value. */
  attributeProto?: AttributeMessage[] | null;
  /** FunctionProto.overload, IR 10. */
  overload?: string | null;
}

export interface ModelMessage extends onnx.IModelProto {
  graph?: GraphMessage | null;
  functions?: FunctionMessage[] | null;
}

/** Numbers of the fields that the extended messages are found in or add. */
export const field = {
  model: { graph: 7, functions: 25 },
  graph: { node: 1 },
  node: { attribute: 5, overload: 8 },
  attribute: { g: 6, graphs: 11 },
  function: { node: 7, attributeProto: 11, overload: 13 },
} as const;
