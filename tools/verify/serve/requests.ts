import { Agent } from 'node:http';
import { createSession, type Device } from '@tessera/runtime';
import { binaryRequest, call, GrpcClient } from '../../testing/inference.js';
import { random } from '../support/random.js';

/** A model of one input and one output, and the sizes of a row of either. */
export interface Target {
  readonly model: string;
  readonly input: string;
  readonly inputRow: readonly number[];
  readonly output: string;
  readonly outputRow: readonly number[];
}

export const digitsTarget: Target = {
  model: 'digits',
  input: 'image',
  inputRow: [1, 8, 8],
  output: 'scores',
  outputRow: [10],
};

/** A request, and what a run of it alone gave. */
export interface Case {
  readonly target: Target;
  readonly rows: number;
  readonly image: Float32Array;
  readonly scores: Float32Array;
}

/** Cases of one to three rows, their results by solitary runs. */
export async function makeCases(
  model: string | Uint8Array,
  target: Target,
  device: Device,
  count: number,
  seed: number,
): Promise<Case[]> {
  const next = random(seed);
  await using session = await createSession(model, { device });
  const cases: Case[] = [];
  for (let i = 0; i < count; i++) {
    const rows = 1 + (i % 5 === 0 ? 1 + Math.floor(next() * 2) : 0);
    const dims = [rows, ...target.inputRow];
    const image = Float32Array.from({ length: dims.reduce((product, size) => product * size, 1) }, next);
    const results = await session.run({ [target.input]: { dataType: 'float32', dims, data: image } });
    cases.push({ target, rows, image, scores: results[target.output].data as Float32Array });
  }
  return cases;
}

/** How one request ended: rightly, with a failure that says to try again, or otherwise. */
export type Outcome = 'right' | 'retryable' | 'wrong';

const tolerance = 1e-4;

function isRight(scores: ArrayLike<number>, wanted: Float32Array): boolean {
  return scores.length === wanted.length && wanted.every((score, i) => Math.abs(score - scores[i]) <= tolerance);
}

const bytesOf = (data: Float32Array) => Buffer.from(data.buffer, data.byteOffset, data.byteLength);
const floatsOf = (bytes: Uint8Array) => new Float32Array(new Uint8Array(bytes).buffer);

/** One client with connections of its own, which asks in turn over HTTP in JSON, over HTTP in binary, and over gRPC. */
export class MixedClient {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #grpc: GrpcClient;
  #turn: number;

  constructor(
    readonly url: string,
    readonly grpcAddress: string,
    first: number,
  ) {
    this.#grpc = new GrpcClient(grpcAddress);
    this.#turn = first;
  }

  async ask(case_: Case): Promise<Outcome> {
    const turn = this.#turn++ % 3;
    return turn === 2 ? this.#askGrpc(case_) : this.#askHttp(case_, turn === 1);
  }

  async #askHttp({ target, rows, image, scores }: Case, binary: boolean): Promise<Outcome> {
    const input = { name: target.input, shape: [rows, ...target.inputRow], datatype: 'FP32' };
    const bytes = bytesOf(image);
    const request = binary
      ? binaryRequest(
          {
            inputs: [{ ...input, parameters: { binary_data_size: bytes.byteLength } }],
            outputs: [{ name: target.output, parameters: { binary_data: true } }],
          },
          bytes,
        )
      : { body: JSON.stringify({ inputs: [{ ...input, data: Array.from(image) }] }) };
    const answer = await call(this.url, `/v2/models/${target.model}/infer`, { ...request, agent: this.#agent });
    if (answer.status === 503 || answer.status === 429) return 'retryable';
    if (answer.status !== 200) return 'wrong';
    const [output] = (answer.json as { outputs: { shape: number[]; data?: number[] }[] }).outputs;
    if (output.shape.join() !== [rows, ...target.outputRow].join()) return 'wrong';
    return isRight(output.data ?? floatsOf(answer.binary), scores) ? 'right' : 'wrong';
  }

  async #askGrpc({ target, rows, image, scores }: Case): Promise<Outcome> {
    try {
      const input = { name: target.input, datatype: 'FP32', shape: [rows, ...target.inputRow] };
      const { raw } = await this.#grpc.infer(target.model, [input], [bytesOf(image)]);
      return isRight(floatsOf(raw[0]), scores) ? 'right' : 'wrong';
    } catch (error) {
      const { code } = error as { readonly code?: number };
      return code === 14 || code === 8 ? 'retryable' : 'wrong';
    }
  }

  close(): void {
    this.#agent.destroy();
    this.#grpc.close();
  }
}
