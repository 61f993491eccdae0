import type { onnx } from 'onnx-proto';
import type { LoadContext } from '../context.js';
import type { Dimension, ValueInfo, ValueType } from '../model.js';
import type { TypeMessage, ValueInfoMessage } from '../schema/messages.js';
import { checkDataType } from '../tensor/tensor.js';

/** How deep sequence, optional and map types may nest. */
const MAX_TYPE_DEPTH = 16;

/** A ValueInfoProto; a type that says nothing is left out. */
export function convertValueInfo(context: LoadContext, message: ValueInfoMessage): ValueInfo {
  const name = message.name ?? '';
  const type = message.type ? convertType(context, `value '${name}'`, message.type) : undefined;
  const docString = message.docString || undefined;
  return Object.freeze({ name, ...(type && { type }), ...(docString && { docString }) });
}

/** A TypeProto; undefined where it states no kind, or a tensor of an undefined element type. */
export function convertType(
  context: LoadContext,
  owner: string,
  message: TypeMessage,
  depth = 0,
): ValueType | undefined {
  if (depth > MAX_TYPE_DEPTH) throw context.error(`the type of ${owner} nests deeper than ${MAX_TYPE_DEPTH} levels`);
  if (message.tensorType) return tensorType(context, owner, 'tensor', message.tensorType);
  if (message.sparseTensorType) return tensorType(context, owner, 'sparse_tensor', message.sparseTensorType);
  if (message.sequenceType) return nested('sequence', message.sequenceType.elemType);
  if (message.optionalType) return nested('optional', message.optionalType.elemType);
  if (message.mapType) {
    const value = convertType(context, owner, message.mapType.valueType ?? {}, depth + 1);
    const key = checkDataType(context, `the map key of ${owner}`, message.mapType.keyType ?? 0);
    return value && { kind: 'map', key, value };
  }
  return undefined;

  function nested(kind: 'sequence' | 'optional', element: TypeMessage | null | undefined): ValueType | undefined {
    const type = convertType(context, owner, element ?? {}, depth + 1);
    return type && { kind, element: type };
  }
}

function tensorType(
  context: LoadContext,
  owner: string,
  kind: 'tensor' | 'sparse_tensor',
  message: onnx.TypeProto.ITensor,
): ValueType | undefined {
  if (!message.elemType) return undefined;
  const dataType = checkDataType(context, owner, message.elemType);
  if (!message.shape) return { kind, dataType };
  return { kind, dataType, dims: (message.shape.dim ?? []).map(dimension) };
}

/** Zero is a size; a negative one, which some exporters write for "unknown", says nothing. */
function dimension(message: onnx.TensorShapeProto.IDimension): Dimension {
  if (message.dimParam) return message.dimParam;
  if (!Object.hasOwn(message, 'dimValue')) return null;
  const size = Number(message.dimValue);
  return Number.isSafeInteger(size) && size >= 0 ? size : null;
}
