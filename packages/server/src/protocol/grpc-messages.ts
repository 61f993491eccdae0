import type { Tensor } from '@tessera/runtime';
import { RequestError } from '../errors.js';
import { decodeBinary, decodeText, encodeBinary } from './binary.js';
import { datatypeName, type WireType } from './datatypes.js';
import { toElements } from './elements.js';
import { checkNames, checkTensor, type InferRequest, type RequestLimits } from './infer.js';
import { requireWireType } from './json.js';

/** ModelInferRequest as @grpc/proto-loader decodes it: 64-bit integers as texts, fields that are not set left out. */
export interface ModelInferRequest {
  readonly model_name?: string;
  readonly model_version?: string;
  readonly id?: string;
  readonly inputs?: readonly InferInputTensor[];
  readonly outputs?: readonly { readonly name?: string }[];
  readonly raw_input_contents?: readonly Uint8Array[];
}

interface InferInputTensor {
  readonly name?: string;
  readonly datatype?: string;
  readonly shape?: readonly string[];
  readonly contents?: Readonly<Record<string, readonly unknown[]>>;
}

/** ModelInferResponse, as @grpc/proto-loader encodes it. */
export interface ModelInferResponse {
  readonly model_name: string;
  readonly model_version: string;
  readonly id: string;
  readonly outputs: readonly { readonly name: string; readonly datatype: string; readonly shape: readonly number[] }[];
  readonly raw_output_contents: readonly Uint8Array[];
}

/** The field of InferTensorContents that holds a type's elements; the 16-bit floats have none and come raw only. */
const fields: Readonly<Partial<Record<WireType, string>>> = {
  bool: 'bool_contents',
  int8: 'int_contents',
  int16: 'int_contents',
  int32: 'int_contents',
  int64: 'int64_contents',
  uint8: 'uint_contents',
  uint16: 'uint_contents',
  uint32: 'uint_contents',
  uint64: 'uint64_contents',
  float32: 'fp32_contents',
  float64: 'fp64_contents',
  string: 'bytes_contents',
};

/** Decodes a request: inputs typed, or raw for all of them. */
export function readGrpcRequest(message: ModelInferRequest, limits: RequestLimits): InferRequest {
  const { inputs = [], outputs = [], raw_input_contents: raw = [] } = message;
  const names = outputs.map(({ name = '' }) => name);
  checkNames(
    'inputs',
    inputs.map(({ name }) => name),
    limits,
  );
  checkNames('outputs', names, limits);
  if (raw.length > 0 && raw.length !== inputs.length)
    throw new RequestError(
      'invalid',
      `the request has ${inputs.length} inputs and ${raw.length} raw_input_contents; it needs one for each`,
    );
  const tensors = inputs.map((input, i) => readInput(input, raw[i], limits));
  return { id: message.id, inputs: Object.fromEntries(tensors), outputs: names.length > 0 ? names : undefined };
}

function readInput(input: InferInputTensor, raw: Uint8Array | undefined, limits: RequestLimits): [string, Tensor] {
  const shape = (input.shape ?? []).map(Number);
  const { name, type, dims, count, what } = checkTensor({ name: input.name, datatype: input.datatype, shape }, limits);
  if (raw) {
    if (input.contents)
      throw new RequestError('invalid', `${what} has contents although the request has raw_input_contents`);
    return [name, { dataType: type, dims, data: decodeBinary(type, raw, count, what) }];
  }
  const field = fields[type];
  if (!field)
    throw new RequestError('invalid', `${what} is ${datatypeName(type)}, which only raw_input_contents can hold`);
  const values = input.contents?.[field] ?? [];
  if (values.length !== count)
    throw new RequestError('invalid', `${what} has ${values.length} elements in ${field}; its shape needs ${count}`);
  return [name, { dataType: type, dims, data: toElements(type, values.map(valueOf(type, what)), what) }];
}

function valueOf(type: WireType, what: string): (value: unknown) => unknown {
  if (type === 'int64' || type === 'uint64') return (value) => BigInt(value as string);
  if (type === 'string') return (value) => decodeText(value as Uint8Array, what);
  return (value) => value;
}

/** Encodes results, all of them raw. */
export function writeGrpcResponse(
  model: { readonly name: string; readonly version: string },
  request: InferRequest,
  results: Readonly<Record<string, Tensor>>,
): ModelInferResponse {
  const entries = Object.entries(results);
  for (const [name, tensor] of entries) requireWireType(name, tensor);
  return {
    model_name: model.name,
    model_version: model.version,
    id: request.id ?? '',
    outputs: entries.map(([name, { dataType, dims }]) => ({ name, datatype: datatypeName(dataType), shape: dims })),
    raw_output_contents: entries.map(([, tensor]) => encodeBinary(tensor)),
  };
}
