import type { LoadContext } from '../context.js';
import type { Attribute, Graph } from '../model.js';
import type { AttributeMessage, GraphMessage } from '../schema/messages.js';
import { attributeTypeName } from '../schema/attribute-types.js';
import type { AttributeTypeName } from '../schema/attribute-types.js';
import { convertSparseTensor } from '../tensor/sparse.js';
import { convertTensor } from '../tensor/tensor.js';
import { convertType } from './value-type.js';

const UNDEFINED = 0;
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** Converts a subgraph of the node whose attribute is being read. */
export type ConvertSubgraph = (graph: GraphMessage) => Graph;

/** The attributes of one node (or a function's defaults) by name. `owner` is how errors call it. */
export function convertAttributes(
  context: LoadContext,
  owner: string,
  messages: readonly AttributeMessage[],
  subgraph: ConvertSubgraph,
): ReadonlyMap<string, Attribute> {
  const attributes = new Map<string, Attribute>();
  for (const message of messages) {
    const name = message.name ?? '';
    if (attributes.has(name)) throw context.error(`${owner} has the attribute '${name}' twice`);
    attributes.set(
      name,
      Object.freeze(convertAttribute(context, `attribute '${name}' of ${owner}`, message, subgraph)),
    );
  }
  return attributes;
}

function convertAttribute(
  context: LoadContext,
  owner: string,
  message: AttributeMessage,
  subgraph: ConvertSubgraph,
): Attribute {
  if (message.refAttrName) return { type: 'reference', attribute: message.refAttrName };
  const type = message.type ? attributeTypeName(message.type) : impliedType(message);
  if (type === undefined) {
    const stated = message.type ?? UNDEFINED;
    throw context.error(
      `${owner} ${stated === UNDEFINED ? 'has no value' : `has type ${stated}, which is not supported`}`,
    );
  }
  const convert: Converters = {
    float: () => message.f ?? 0,
    int: () => Number(message.i ?? 0),
    string: () => utf8.decode(message.s ?? new Uint8Array(0)),
    tensor: () => convertTensor(context, present(message.t), owner),
    graph: () => subgraph(present(message.g)),
    floats: () => message.floats ?? [],
    ints: () => (message.ints ?? []).map(Number),
    strings: () => (message.strings ?? []).map((bytes) => utf8.decode(bytes)),
    tensors: () => (message.tensors ?? []).map((tensor) => convertTensor(context, tensor, owner)),
    graphs: () => (message.graphs ?? []).map(subgraph),
    sparse_tensor: () => convertSparseTensor(context, present(message.sparseTensor), owner),
    type: () => present(convertType(context, owner, present(message.tp))),
  };
  return { type, value: convert[type]() } as Attribute;

  function present<T>(value: T | null | undefined): T {
    if (value === null || value === undefined) throw context.error(`${owner} is of type ${type} but has no such value`);
    return value;
  }
}

type Converters = {
  readonly [Name in AttributeTypeName]: () => Extract<Attribute, { readonly type: Name }>['value'];
};

/** The type by the field that is set, as in IR version 1, which had no type field. */
function impliedType(message: AttributeMessage): AttributeTypeName | undefined {
  if (Object.hasOwn(message, 'f')) return 'float';
  if (Object.hasOwn(message, 'i')) return 'int';
  if (Object.hasOwn(message, 's')) return 'string';
  if (message.t) return 'tensor';
  if (message.g) return 'graph';
  if (message.sparseTensor) return 'sparse_tensor';
  if (message.tp) return 'type';
  if (message.floats?.length) return 'floats';
  if (message.ints?.length) return 'ints';
  if (message.strings?.length) return 'strings';
  if (message.tensors?.length) return 'tensors';
  if (message.graphs?.length) return 'graphs';
  return undefined;
}
