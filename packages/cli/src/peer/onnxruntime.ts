import type { DataType, Tensor, TensorArray } from '@tessera/runtime';
import type * as onnxruntime from 'onnxruntime-node';
import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { CliError, EXIT, messageOf } from '../errors.js';

type Onnxruntime = typeof onnxruntime;

/** Providers of onnxruntime-node, by the name of the peer that uses each. */
export const PEERS = { onnxruntime: 'webgpu', 'onnxruntime-cpu': 'cpu' } as const;

export type PeerName = keyof typeof PEERS;

/** A model in onnxruntime-node. */
export interface OrtSession {
  readonly version: string;
  readonly outputs: readonly string[];
  /** Makes the runtime's own tensors once, so that runs do not hold their making. */
  feed(feeds: Readonly<Record<string, Tensor>>): void;
  run(outputs?: readonly string[]): Promise<Record<string, Tensor>>;
  release(): Promise<void>;
}

/** onnxruntime-node is an optional peer dependency. @throws CliError where it is not installed or does not load. */
export async function importOnnxruntime(
  load: () => Promise<Onnxruntime> = () => import('onnxruntime-node'),
): Promise<Onnxruntime> {
  try {
    return await load();
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND';
    const why = isMissing ? 'is not installed: npm install onnxruntime-node' : `cannot be loaded: ${messageOf(error)}`;
    throw new CliError(`onnxruntime-node ${why}`, EXIT.failed, error);
  }
}

/** Opens a model, given by its path or its bytes. */
export async function openOrt(model: string | Uint8Array, provider: 'webgpu' | 'cpu'): Promise<OrtSession> {
  const ort = await importOnnxruntime();
  const session = await createOrtSession(ort, model, provider);
  let tensors: Record<string, OrtTensor> = {};
  return {
    version: ort.env.versions.common,
    outputs: session.outputNames,
    feed(feeds) {
      const made = Object.entries(feeds).map(([name, tensor]): [string, OrtTensor] => [name, toOrt(ort, name, tensor)]);
      tensors = Object.fromEntries(made);
    },
    async run(outputs) {
      const results = outputs ? await session.run(tensors, [...outputs]) : await session.run(tensors);
      return Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, fromOrt(tensor)]));
    },
    release: () => session.release(),
  };
}

async function createOrtSession(
  ort: Onnxruntime,
  model: string | Uint8Array,
  provider: 'webgpu' | 'cpu',
): Promise<InferenceSession> {
  const options: InferenceSession.SessionOptions = { executionProviders: [provider], logSeverityLevel: 3 };
  try {
    if (typeof model === 'string') return await ort.InferenceSession.create(model, options);
    return await ort.InferenceSession.create(model, options);
  } catch (error) {
    throw new CliError(`onnxruntime-node (${provider}) refuses the model: ${messageOf(error)}`, EXIT.failed, error);
  }
}

function toOrt(ort: Onnxruntime, name: string, { dataType, dims, data }: Tensor): OrtTensor {
  try {
    return new ort.Tensor(dataType as 'float32', data as Float32Array, dims);
  } catch (error) {
    throw new CliError(`onnxruntime-node does not take the input "${name}" (${dataType}): ${messageOf(error)}`);
  }
}

/** Halves come as bits; where the engine has Float16Array, onnxruntime uses it. */
function fromOrt({ type, dims, data }: OrtTensor): Tensor {
  const array =
    type === 'float16' && !(data instanceof Uint16Array) ? bitsOf(data as unknown as ArrayBufferView) : data;
  return { dataType: type as DataType, dims, data: array as TensorArray };
}

function bitsOf(view: ArrayBufferView): Uint16Array {
  return new Uint16Array(view.buffer, view.byteOffset, view.byteLength / 2);
}
