import type { Tensor } from '@tessera/runtime';
import { RequestError } from '../errors.js';
import { datatypeNames, wireTypeOf, type WireType } from './datatypes.js';

/** Most that one request may hold. */
export interface RequestLimits {
  /** Inputs and outputs. */
  readonly tensors: number;
  /** Elements of one tensor. */
  readonly elements: number;
}

/** An inference request of either protocol, decoded. */
export interface InferRequest {
  readonly id: string | undefined;
  readonly inputs: Readonly<Record<string, Tensor>>;
  /** Undefined for all. */
  readonly outputs: readonly string[] | undefined;
}

/** A tensor's description as a request states it, not yet checked. */
export interface StatedTensor {
  readonly name: unknown;
  readonly datatype: unknown;
  readonly shape: unknown;
}

/** A description that makes sense by itself. */
export interface CheckedTensor {
  readonly name: string;
  readonly type: WireType;
  readonly dims: readonly number[];
  readonly count: number;
  /** How messages call it. */
  readonly what: string;
}

const maxRank = 32;
const maxNameLength = 1024;

/** Checks name, datatype and shape of an input. Throws RequestError: 'invalid', or 'tooLarge' beyond the limit. */
export function checkTensor({ name, datatype, shape }: StatedTensor, limits: RequestLimits): CheckedTensor {
  if (typeof name !== 'string' || name === '' || name.length > maxNameLength)
    throw new RequestError('invalid', 'the name of an input must be a text that is not empty');
  const what = `input "${name}"`;
  const type = typeof datatype === 'string' ? wireTypeOf(datatype) : undefined;
  if (!type) throw new RequestError('invalid', `the datatype of ${what} must be one of ${datatypeNames.join(', ')}`);
  const isShape =
    Array.isArray(shape) && shape.length <= maxRank && shape.every((d) => Number.isSafeInteger(d) && d >= 0);
  if (!isShape) throw new RequestError('invalid', `the shape of ${what} must be a list of whole numbers from 0`);
  const count = shape.reduce<number>((product, size) => product * size, 1);
  if (count > limits.elements)
    throw new RequestError('tooLarge', `${what} has ${count} elements; at most ${limits.elements} are taken`);
  return { name, type, dims: shape, count, what };
}

/** Refuses more tensors than are allowed, and the same name twice. */
export function checkNames(kind: 'inputs' | 'outputs', names: readonly unknown[], limits: RequestLimits): void {
  if (names.length > limits.tensors)
    throw new RequestError('tooLarge', `the request has ${names.length} ${kind}; at most ${limits.tensors} are taken`);
  const seen = new Set<unknown>();
  for (const name of names) {
    if (seen.has(name))
      throw new RequestError('invalid', `the request names "${String(name)}" twice among its ${kind}`);
    seen.add(name);
  }
}
