import { env, registerBackend } from 'onnxruntime-common';
import type { Backend, InferenceSession, InferenceSessionHandler, Tensor as OrtTensor } from 'onnxruntime-common';
import type { Device, RunOptions, Session, SessionOptions } from '../api.js';
import { asGpuDevice } from '../device/device.js';
import type { GpuTensor } from '../device/gpu-tensor.js';
import { TesseraError } from '../errors.js';
import type { Tensor } from '../tensor.js';
import { canStayOnGpu, fromOrt, metadataOf, toOrt } from './tensors.js';

/** How the platform opens devices, models and the external data that options name by path or address. */
export interface Platform {
  acquireDevice(): Promise<Device>;
  createSession(model: string | Uint8Array, options: SessionOptions): Promise<Session>;
  readFile(location: string): Promise<Uint8Array>;
}

/** Names that sessions may ask for as execution providers: one of our own, and those of onnxruntime's own backends. */
const providers = ['tessera', 'webgpu', 'wasm', 'cpu'];
const priority = 100;

/** Registers the backend under every name that code written for onnxruntime is likely to ask for. */
export function register(platform: Platform): void {
  const backend = createBackend(platform);
  for (const name of providers) registerBackend(name, backend, priority);
}

function createBackend(platform: Platform): Backend {
  let device: Promise<Device> | undefined;
  const shared = async () => {
    device ??= platform.acquireDevice();
    try {
      return await device;
    } catch (error) {
      device = undefined;
      throw error;
    }
  };
  return {
    async init() {
      env.webgpu.device = (await shared()).gpu;
    },
    async createInferenceSessionHandler(model, options = {}) {
      const opened = await shared();
      const session = await platform.createSession(model, {
        device: opened,
        dims: options.freeDimensionOverrides,
        externalData: await externalData(options, platform),
      });
      env.webgpu.device = opened.gpu;
      return createHandler(session, options);
    },
  };
}

type ExternalFile = NonNullable<InferenceSession.SessionOptions['externalData']>[number];

async function externalData(
  { externalData: files }: InferenceSession.SessionOptions,
  platform: Platform,
): Promise<Record<string, Uint8Array> | undefined> {
  if (!files || files.length === 0) return undefined;
  const read = async (file: ExternalFile): Promise<[string, Uint8Array]> => {
    const { path, data } = typeof file === 'string' ? { path: file.split('/').at(-1)!, data: file } : file;
    if (typeof data === 'string') return [path, await platform.readFile(data)];
    if (data instanceof Blob) return [path, new Uint8Array(await data.arrayBuffer())];
    return [path, data instanceof Uint8Array ? data : new Uint8Array(data as ArrayBuffer)];
  };
  return Object.fromEntries(await Promise.all(files.map(read)));
}

const noProfiling = () => {
  throw new TesseraError(
    'INVALID_INPUT',
    'sessions of this backend are profiled by createSession(model).profile(feeds)',
  );
};

function createHandler(session: Session, options: InferenceSession.SessionOptions): InferenceSessionHandler {
  const device = asGpuDevice(session.device);
  return {
    inputNames: session.inputs.map(({ name }) => name),
    outputNames: session.outputs.map(({ name }) => name),
    inputMetadata: metadataOf(session.inputs),
    outputMetadata: metadataOf(session.outputs),
    startProfiling: noProfiling,
    endProfiling: noProfiling,
    dispose: async () => session.dispose(),
    async run(feeds, fetches) {
      const inputs = Object.entries(feeds).map(([name, value]) => [name, fromOrt(name, value, device)] as const);
      const outputs: Record<string, Tensor | GpuTensor | null> = {};
      for (const [name, value] of Object.entries(fetches)) outputs[name] = value && fromOrt(name, value, device);
      const results = await runSplit(session, Object.fromEntries(inputs), outputs, (name) =>
        isLeft(name, session, options),
      );
      const given = (name: string): OrtTensor | null => fetches[name];
      return Object.fromEntries(Object.entries(results).map(([name, value]) => [name, given(name) ?? toOrt(value)]));
    },
  };
}

/** Whether an output is to stay on the GPU: asked for, and of a type that is stored alike there. */
function isLeft(name: string, session: Session, { preferredOutputLocation }: InferenceSession.SessionOptions): boolean {
  const location =
    typeof preferredOutputLocation === 'object' ? preferredOutputLocation[name] : preferredOutputLocation;
  const output = session.outputs.find((o) => o.name === name)!;
  return location === 'gpu-buffer' && canStayOnGpu(output.dataType);
}

/** One run whose new outputs stay on the GPU where `stays` says so, and are read back from there elsewhere. */
async function runSplit(
  session: Session,
  feeds: Readonly<Record<string, Tensor | GpuTensor>>,
  outputs: NonNullable<RunOptions['outputs']> & Readonly<Record<string, Tensor | GpuTensor | null>>,
  stays: (name: string) => boolean,
): Promise<Record<string, Tensor | GpuTensor>> {
  const names = Object.keys(outputs).filter((name) => outputs[name] === null);
  if (!names.some(stays)) return session.run(feeds, { outputs });
  const results: Record<string, Tensor | GpuTensor> = await session.run(feeds, { outputs, location: 'gpu' });
  for (const name of names.filter((n) => !stays(n))) {
    const left = results[name] as GpuTensor;
    results[name] = await left.download();
    left.dispose();
  }
  return results;
}
