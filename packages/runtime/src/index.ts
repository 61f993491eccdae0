import { mergeTuning, type TuningFile } from '@tessera/conv-kernels';
import type { Model } from '@tessera/onnx-loader';
import { fileURLToPath } from 'node:url';
import { loadOnnxFile } from '@tessera/onnx-loader/node';
import type { AdapterReport, Device, Session, SessionOptions } from './api.js';
import { createSessionWith, loadBytes, loadModel, type ModelBytes } from './create-session.js';
import {
  acquireDevice as acquireGpuDevice,
  listAdapters as listGpuAdapters,
  type AcquireOptions,
} from './device/acquire.js';
import { inspectOn, plainProfile } from './inspect/inspect.js';
import type { InspectOptions, ModelInspection } from './inspect/types.js';
import { createPoolWith } from './pool/create-pool.js';
import type { PoolOptions, SessionPool } from './pool/types.js';
import { evaluateModel, type ReferenceValues } from './reference.js';
import type { Tensor } from './tensor.js';
import { checkedTuning } from './tuning/checked.js';
import { readTuningFile, shippedTuning } from './tuning/files.js';
import { asTesseraError, TesseraError } from './errors.js';

export * from './public.js';
export type * from './inspect/types.js';
export type { ReferenceValues } from './reference.js';
export type { AcquireOptions } from './device/acquire.js';

/**
 * Opens a WebGPU device to share between sessions.
 *
 * @example
 * const device = await acquireDevice({ adapter: 'gpu', memoryBudget: 8 * 2 ** 30 });
 * const [encoder, decoder] = await Promise.all(['a.onnx', 'b.onnx'].map((path) => createSession(path, { device })));
 *
 * @throws TesseraError NO_ADAPTER where the choice finds none, with what to install.
 */
export async function acquireDevice(options: AcquireOptions = {}): Promise<Device> {
  return acquireGpuDevice(options);
}

/**
 * The adapters of this machine in the order in which `acquireDevice` prefers them, each with all features that it has.
 *
 * @example
 * for (const { name, kind } of await listAdapters()) console.log(name, kind);
 */
export async function listAdapters(): Promise<readonly AdapterReport[]> {
  return listGpuAdapters();
}

/**
 * Reads an ONNX model (a path or file URL, its bytes, or a stream of them), and prepares it on a device: shapes inferred,
 * operators fused, weights packed and uploaded, pipelines compiled. Models with symbolic dimensions are prepared at the
 * first run, unless `dims` gives the sizes. The bytes of a model given as such must not be changed while the session lives.
 *
 * @example
 * const session = await createSession('model.onnx', { onProgress: ({ phase, done, total }) => console.log(phase, done, total) });
 * const { scores } = await session.run({ image: { dataType: 'float32', dims: [1, 3, 224, 224], data } });
 * session.dispose();
 *
 * @throws TesseraError INVALID_MODEL; UNSUPPORTED_OPERATOR with all of them named; UNSUPPORTED_DEVICE; NO_ADAPTER;
 * OUT_OF_MEMORY; DEVICE_LOST. The signal's reason where it was aborted.
 */
export async function createSession(model: string | URL | ModelBytes, options: SessionOptions = {}): Promise<Session> {
  const isPath = typeof model === 'string' || model instanceof URL;
  const load = () => (isPath ? loadOnnxFile(pathOf(model)) : loadBytes(model, options));
  const acquire = () => acquireGpuDevice(options);
  return createSessionWith(load, acquire, { ...options, tuning: knownTuning(options.tuning) });
}

/** The times that ship with the package, and those given, which go before them. */
function knownTuning(given: SessionOptions['tuning']): TuningFile {
  if (given === undefined) return shippedTuning();
  return mergeTuning(shippedTuning(), typeof given === 'string' ? readTuningFile(given) : checkedTuning(given));
}

/**
 * Opens a session of a model on each of several devices, or on one, behind one bounded queue that joins requests to
 * batches where the model allows it.
 *
 * @example
 * await using pool = await createSessionPool('model.onnx', { adapters: ['gpu'], batching: { maxSize: 16, maxDelayMs: 2 } });
 * const { scores } = await pool.run({ image });
 *
 * @throws TesseraError as `createSession` and `acquireDevice`; INVALID_INPUT for numbers that are none.
 */
export async function createSessionPool(model: ModelSource | URL, options: PoolOptions = {}): Promise<SessionPool> {
  return createPoolWith({ acquireDevice, createSession: (opened) => createSession(model, opened) }, options);
}

function pathOf(model: string | URL): string {
  if (typeof model === 'string') return model;
  if (model.protocol === 'file:') return fileURLToPath(model);
  throw new TesseraError(
    'INVALID_INPUT',
    `a model's URL must be a file's, not ${model.protocol}; fetch it and give its body`,
  );
}

/** A model by its path, or its bytes. */
export type ModelSource = string | Uint8Array | ArrayBuffer;

function load(model: ModelSource): Model {
  try {
    return typeof model === 'string' ? loadOnnxFile(model) : loadModel(model, {});
  } catch (error) {
    throw asTesseraError(error);
  }
}

/**
 * Describes a model (a path, or its bytes) without running it and without a GPU: inputs, outputs, operators,
 * parameters, multiply-adds, shapes, and how it would run and use memory on a device, or on the least that WebGPU
 * promises. Works on models that cannot run, too.
 *
 * @example
 * const { inputs, outputs } = inspectModel('model.onnx');
 *
 * @throws TesseraError INVALID_MODEL where the file is not an ONNX model.
 */
export function inspectModel(
  model: ModelSource,
  options: InspectOptions & { readonly device?: Device } = {},
): ModelInspection {
  return inspectOn(load(model), options.device?.profile ?? plainProfile, options);
}

/**
 * Evaluates a model on the CPU by plain loops and gives all of its values, the inner ones too: the reference for
 * comparisons. Minutes for large networks.
 *
 * @example
 * const values = evaluateReference('model.onnx', { image });
 *
 * @throws TesseraError INVALID_INPUT, or UNSUPPORTED_OPERATOR naming the nodes that have no evaluation on the CPU.
 */
export function evaluateReference(model: ModelSource, feeds: Readonly<Record<string, Tensor>>): ReferenceValues {
  return evaluateModel(load(model), feeds);
}
