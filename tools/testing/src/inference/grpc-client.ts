import { Client, credentials, Metadata, type ChannelCredentials } from '@grpc/grpc-js';
import protobuf from 'protobufjs/minimal.js';

/**
 * A client of the Open Inference Protocol over gRPC, written against the field numbers of the published
 * open_inference_grpc.proto (and Triton's repository extension), which it encodes by hand.
 */
const service = '/inference.GRPCInferenceService/';

export interface GrpcTensor {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  /** InferTensorContents as encoded bytes; without it the tensor is raw. */
  readonly contents?: Uint8Array;
}

export interface GrpcInferResponse {
  readonly modelName: string;
  readonly modelVersion: string;
  readonly id: string;
  readonly outputs: readonly GrpcTensor[];
  readonly raw: readonly Buffer[];
}

type Fields = ReadonlyMap<number, readonly (Uint8Array | number)[]>;

/** Fields of a message by number: bytes, or the value of a varint. */
export function readFields(bytes: Uint8Array): Fields {
  const reader = protobuf.Reader.create(bytes);
  const fields = new Map<number, (Uint8Array | number)[]>();
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    const value = (tag & 7) === 2 ? reader.bytes() : Number(reader.int64());
    fields.set(tag >>> 3, [...(fields.get(tag >>> 3) ?? []), value]);
  }
  return fields;
}

const text = (fields: Fields, number: number): string => {
  const [value] = fields.get(number) ?? [];
  return value instanceof Uint8Array ? new TextDecoder().decode(value) : '';
};
const all = (fields: Fields, number: number) => (fields.get(number) ?? []) as readonly Uint8Array[];

function packed(bytes: Uint8Array | undefined): number[] {
  if (!bytes) return [];
  const reader = protobuf.Reader.create(bytes);
  const values: number[] = [];
  while (reader.pos < reader.len) values.push(Number(reader.int64()));
  return values;
}

/** InferTensorContents with packed varints (fields 1 to 5), packed floats (6) or bytes (8). */
export function contents(field: 1 | 2 | 3 | 4 | 5 | 6 | 8, values: readonly (number | Uint8Array)[]): Uint8Array {
  const writer = protobuf.Writer.create();
  if (field === 8) {
    for (const value of values) writer.uint32((8 << 3) | 2).bytes(value as Uint8Array);
    return writer.finish();
  }
  writer.uint32((field << 3) | 2).fork();
  for (const value of values as readonly number[]) {
    if (field === 6) writer.float(value);
    else writer.int64(value);
  }
  return writer.ldelim().finish();
}

/** ModelInferRequest. */
export function encodeInfer(
  model: string,
  inputs: readonly GrpcTensor[],
  raw: readonly Uint8Array[],
  { version = '', id = '', outputs = [] as readonly string[] } = {},
): Uint8Array {
  const writer = protobuf.Writer.create();
  writer.uint32((1 << 3) | 2).string(model);
  writer.uint32((2 << 3) | 2).string(version);
  writer.uint32((3 << 3) | 2).string(id);
  for (const input of inputs) {
    writer.uint32((5 << 3) | 2).fork();
    writer.uint32((1 << 3) | 2).string(input.name);
    writer.uint32((2 << 3) | 2).string(input.datatype);
    writer.uint32((3 << 3) | 2).fork();
    for (const size of input.shape) writer.int64(size);
    writer.ldelim();
    if (input.contents) writer.uint32((5 << 3) | 2).bytes(input.contents);
    writer.ldelim();
  }
  for (const output of outputs) {
    writer.uint32((6 << 3) | 2).fork();
    writer.uint32((1 << 3) | 2).string(output);
    writer.ldelim();
  }
  for (const bytes of raw) writer.uint32((7 << 3) | 2).bytes(bytes);
  return writer.finish();
}

/** Messages whose fields are all texts: [number, text]. */
export function encodeTexts(...fields: readonly (readonly [number, string])[]): Uint8Array {
  const writer = protobuf.Writer.create();
  for (const [number, value] of fields) writer.uint32((number << 3) | 2).string(value);
  return writer.finish();
}

function decodeInfer(bytes: Uint8Array): GrpcInferResponse {
  const fields = readFields(bytes);
  const outputs = all(fields, 5).map((output) => {
    const tensor = readFields(output);
    return { name: text(tensor, 1), datatype: text(tensor, 2), shape: packed(all(tensor, 3)[0]) };
  });
  const raw = all(fields, 6).map((part) => Buffer.from(part));
  return { modelName: text(fields, 1), modelVersion: text(fields, 2), id: text(fields, 3), outputs, raw };
}

export class GrpcClient {
  readonly #client: Client;

  constructor(
    address: string,
    readonly token?: string,
    channel: ChannelCredentials = credentials.createInsecure(),
  ) {
    this.#client = new Client(address, channel);
  }

  /** Calls a method with an encoded message; the answer's bytes. */
  send(method: string, message: Uint8Array): Promise<Uint8Array> {
    const metadata = new Metadata();
    if (this.token !== undefined) metadata.set('authorization', `Bearer ${this.token}`);
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(
        service + method,
        (bytes: Uint8Array) => Buffer.from(bytes),
        (bytes: Buffer) => new Uint8Array(bytes),
        message,
        metadata,
        (error, answer) => (error ? reject(error) : resolve(answer!)),
      );
    });
  }

  async infer(...request: Parameters<typeof encodeInfer>): Promise<GrpcInferResponse> {
    return decodeInfer(await this.send('ModelInfer', encodeInfer(...request)));
  }

  /** A message's only boolean, field 1. */
  async flag(method: string, message: Uint8Array = new Uint8Array()): Promise<boolean> {
    return (readFields(await this.send(method, message)).get(1)?.[0] ?? 0) === 1;
  }

  close(): void {
    this.#client.close();
  }
}
