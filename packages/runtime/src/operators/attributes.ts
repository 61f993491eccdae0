import { readTensor, type Attribute } from '@tessera/onnx-loader';
import { TesseraError } from '../errors.js';
import type { Attributes } from './types.js';

/** Access to a node's attributes; a missing or wrongly typed one is an INVALID_MODEL error naming node and attribute. */
export function makeAttributes(
  nodeName: string,
  opType: string,
  attributes: ReadonlyMap<string, Attribute>,
): Attributes {
  const fail = (message: string): never => {
    throw new TesseraError('INVALID_MODEL', `node "${nodeName}" (${opType}): ${message}`, { node: nodeName });
  };

  function read<K extends Attribute['type']>(name: string, type: K): Extract<Attribute, { type: K }> | undefined {
    const attribute = attributes.get(name);
    if (attribute === undefined) return undefined;
    if (attribute.type !== type) return fail(`attribute ${name} is of type ${attribute.type}; it must be ${type}`);
    return attribute as Extract<Attribute, { type: K }>;
  }

  const required = <T>(name: string, value: T | undefined): T => value ?? fail(`attribute ${name} is missing`);

  return {
    has: (name) => attributes.has(name),
    get: (name) => attributes.get(name),
    int: (name, fallback) => required(name, read(name, 'int')?.value ?? fallback),
    float: (name, fallback) => required(name, read(name, 'float')?.value ?? fallback),
    string: (name, fallback) => required(name, read(name, 'string')?.value ?? fallback),
    ints: (name, fallback) => required(name, read(name, 'ints')?.value ?? fallback),
    floats: (name, fallback) => required(name, read(name, 'floats')?.value ?? fallback),
    strings: (name, fallback) => required(name, read(name, 'strings')?.value ?? fallback),
    tensor: (name) => {
      const stored = read(name, 'tensor')?.value;
      return stored && { dataType: stored.dataType, dims: stored.dims, data: readTensor(stored) };
    },
  };
}
