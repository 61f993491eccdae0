import type { Device, Session, SessionOptions } from './api.js';
import { createSessionWith, loadBytes, type ModelBytes } from './create-session.js';
import { acquireBrowserDevice } from './device/acquire-browser.js';
import type { OpenOptions } from './device/device.js';
import { TesseraError } from './errors.js';
import { createPoolWith } from './pool/create-pool.js';
import type { PoolOptions, SessionPool } from './pool/types.js';
import { checkedTuning } from './tuning/checked.js';

export * from './public.js';
export type { OpenOptions } from './device/device.js';

/**
 * Opens the browser's WebGPU device, to share between sessions.
 * @throws TesseraError NO_ADAPTER where the browser has no WebGPU, or no adapter.
 */
export async function acquireDevice(options: OpenOptions = {}): Promise<Device> {
  return acquireBrowserDevice(options);
}

/**
 * As in Node, but for a model by its address, which is fetched, its bytes or a stream of them; external data comes
 * through `options.externalData`.
 *
 * @example
 * const session = await createSession('models/digits.onnx', { onProgress: ({ phase, done }) => show(phase, done) });
 * const { scores } = await session.run({ image: new Float32Array(64) });
 *
 * @throws TesseraError INVALID_INPUT where the address cannot be fetched; else as in Node.
 */
export async function createSession(model: string | URL | ModelBytes, options: SessionOptions = {}): Promise<Session> {
  const isAddress = typeof model === 'string' || model instanceof URL;
  const load = async () => loadBytes(isAddress ? await fetchModel(model, options.signal) : model, options);
  const tuning = options.tuning === undefined ? undefined : checkedTuning(options.tuning);
  return createSessionWith(load, () => acquireBrowserDevice(options), { ...options, tuning });
}

/**
 * As in Node, for a model by its bytes.
 * @throws TesseraError as `createSession` and `acquireDevice`; INVALID_INPUT for numbers that are none.
 */
export async function createSessionPool(
  model: Uint8Array | ArrayBuffer,
  options: PoolOptions = {},
): Promise<SessionPool> {
  return createPoolWith({ acquireDevice, createSession: (opened) => createSession(model, opened) }, options);
}

async function fetchModel(address: string | URL, signal: AbortSignal | undefined): Promise<ReadableStream<Uint8Array>> {
  const response = await fetch(address, { signal });
  if (response.ok && response.body) return response.body;
  throw new TesseraError('INVALID_INPUT', `the model ${address} cannot be fetched: status ${response.status}`);
}
