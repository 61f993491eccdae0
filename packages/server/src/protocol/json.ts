import type { Tensor } from '@tessera/runtime';
import { RequestError } from '../errors.js';
import { decodeBinary, encodeBinary } from './binary.js';
import { datatypeName, isWireType } from './datatypes.js';
import { fromElements, toElements } from './elements.js';
import { checkNames, checkTensor, type InferRequest, type RequestLimits } from './infer.js';

type JsonObject = Readonly<Record<string, unknown>>;

/** A request over HTTP, and which of its outputs are to come back in binary. */
export interface HttpInferRequest extends InferRequest {
  isBinary(output: string): boolean;
}

/** An answer's body, and the length of its JSON where binary data follow it. */
export interface HttpInferResponse {
  readonly body: Buffer;
  readonly jsonLength: number | undefined;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Reads a request's body: JSON, and behind it the binary data of the inputs that have `binary_data_size`. `headerLength`
 * is the value of Inference-Header-Content-Length: the bytes of JSON; undefined where all of it is.
 */
export function readRequest(
  body: Uint8Array,
  headerLength: string | undefined,
  limits: RequestLimits,
): HttpInferRequest {
  const length = jsonLength(headerLength, body.byteLength);
  const json = parseJson(body.subarray(0, length));
  const { id, inputs, outputs, parameters } = json;
  if (id !== undefined && typeof id !== 'string') throw new RequestError('invalid', 'id must be a text');
  const listed = objects(inputs, 'inputs');
  const asked = outputs === undefined ? undefined : objects(outputs, 'outputs');
  checkNames(
    'inputs',
    listed.map(({ name }) => name),
    limits,
  );
  const binary = new BinaryReader(body.subarray(length));
  const tensors = listed.map((input) => readInput(input, binary, limits));
  binary.end();
  return {
    id,
    inputs: Object.fromEntries(tensors),
    outputs: asked && readOutputs(asked, limits),
    isBinary: binaryOutputs(asked ?? [], parameters),
  };
}

function jsonLength(header: string | undefined, total: number): number {
  if (header === undefined) return total;
  const length = /^\d{1,15}$/.test(header) ? Number(header) : NaN;
  if (!(length <= total)) {
    throw new RequestError(
      'invalid',
      `Inference-Header-Content-Length must be a number of bytes up to the body's ${total}`,
    );
  }
  return length;
}

function parseJson(bytes: Uint8Array): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new RequestError('invalid', 'the body is not JSON');
  }
  if (!isObject(value)) throw new RequestError('invalid', 'the body must be a JSON object with "inputs"');
  return value;
}

function objects(value: unknown, name: string): readonly JsonObject[] {
  if (!Array.isArray(value) || !value.every(isObject))
    throw new RequestError('invalid', `"${name}" must be a list of objects`);
  return value;
}

/** Hands out the bytes behind the JSON in order. */
class BinaryReader {
  #offset = 0;

  constructor(readonly bytes: Uint8Array) {}

  take(size: unknown, what: string): Uint8Array {
    const left = this.bytes.byteLength - this.#offset;
    if (!Number.isSafeInteger(size) || (size as number) < 0 || (size as number) > left)
      throw new RequestError(
        'invalid',
        `binary_data_size of ${what} must be a number of bytes up to the ${left} that are left`,
      );
    const taken = this.bytes.subarray(this.#offset, this.#offset + (size as number));
    this.#offset += size as number;
    return taken;
  }

  end(): void {
    const left = this.bytes.byteLength - this.#offset;
    if (left > 0) throw new RequestError('invalid', `${left} bytes of binary data belong to no input`);
  }
}

function readInput(input: JsonObject, binary: BinaryReader, limits: RequestLimits): [string, Tensor] {
  const { name, type, dims, count, what } = checkTensor(
    input as { name: unknown; datatype: unknown; shape: unknown },
    limits,
  );
  const parameters = isObject(input.parameters) ? input.parameters : {};
  const size = parameters.binary_data_size;
  if (size !== undefined)
    return [name, { dataType: type, dims, data: decodeBinary(type, binary.take(size, what), count, what) }];
  const values = flatten(input.data, count, what);
  if (values.length !== count)
    throw new RequestError('invalid', `${what} has ${values.length} elements; its shape needs ${count}`);
  return [name, { dataType: type, dims, data: toElements(type, values, what) }];
}

/** Elements of a list, nested or not; stops beyond `count`. */
function flatten(data: unknown, count: number, what: string): readonly unknown[] {
  if (!Array.isArray(data)) throw new RequestError('invalid', `${what} has no "data", which must be a list`);
  if (!data.some(Array.isArray)) return data;
  const values: unknown[] = [];
  const stack: unknown[] = [...data].reverse();
  while (stack.length > 0 && values.length <= count) {
    const next = stack.pop();
    if (Array.isArray(next)) for (let i = next.length - 1; i >= 0; i--) stack.push(next[i]);
    else values.push(next);
  }
  return values;
}

function readOutputs(asked: readonly JsonObject[], limits: RequestLimits): readonly string[] {
  const names = asked.map(({ name }) => name);
  checkNames('outputs', names, limits);
  if (!names.every((name) => typeof name === 'string'))
    throw new RequestError('invalid', 'the name of an output must be a text');
  return names as string[];
}

function binaryOutputs(asked: readonly JsonObject[], parameters: unknown): (output: string) => boolean {
  const byDefault = isObject(parameters) && parameters.binary_data_output === true;
  const stated = new Map<unknown, boolean>();
  for (const { name, parameters: own } of asked)
    if (isObject(own) && typeof own.binary_data === 'boolean') stated.set(name, own.binary_data);
  return (output) => stated.get(output) ?? byDefault;
}

/** Writes an answer: JSON, and behind it the outputs that are asked for in binary. */
export function writeResponse(
  model: { readonly name: string; readonly version: string },
  request: HttpInferRequest,
  results: Readonly<Record<string, Tensor>>,
): HttpInferResponse {
  const parts: Uint8Array[] = [];
  const outputs = Object.entries(results).map(([name, tensor]) => {
    requireWireType(name, tensor);
    const described = { name, datatype: datatypeName(tensor.dataType), shape: tensor.dims };
    if (!request.isBinary(name)) return { ...described, data: fromElements(tensor) };
    const bytes = encodeBinary(tensor);
    parts.push(bytes);
    return { ...described, parameters: { binary_data_size: bytes.byteLength } };
  });
  const json = Buffer.from(
    JSON.stringify({ model_name: model.name, model_version: model.version, id: request.id, outputs }),
  );
  return { body: Buffer.concat([json, ...parts]), jsonLength: parts.length > 0 ? json.byteLength : undefined };
}

/** Refuses an output of a type that the protocol has no name for. */
export function requireWireType(name: string, { dataType }: Tensor): void {
  if (!isWireType(dataType))
    throw new RequestError('invalid', `output "${name}" is ${dataType}, which the protocol cannot carry`);
}
