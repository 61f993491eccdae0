import { loadOnnx, type ByteSource, type Model } from '@tessera/onnx-loader';
import type { Session, SessionOptions } from './api.js';
import { asGpuDevice, type GpuDevice } from './device/device.js';
import { asTesseraError, TesseraError } from './errors.js';
import { openSession } from './session.js';

/** Loads a model, takes the device given or acquires one, and opens the session; what was acquired goes when that fails. */
export async function createSessionWith(
  load: () => Model,
  acquire: () => Promise<GpuDevice>,
  options: SessionOptions,
): Promise<Session> {
  const startedAt = performance.now();
  let acquired: GpuDevice | undefined;
  try {
    const model = load();
    const device = asGpuDevice(options.device ?? (acquired = await acquire()));
    return await openSession(model, device, acquired !== undefined, options, startedAt);
  } catch (error) {
    acquired?.dispose();
    throw asTesseraError(error);
  }
}

/** A model in memory, its external data from `options.externalData`. */
export function loadBytes(model: Uint8Array | ArrayBuffer, options: SessionOptions): Model {
  const bytes = model instanceof Uint8Array ? model : new Uint8Array(model);
  return loadOnnx(bytes, { external: (location) => externalSource(location, options.externalData ?? {}) });
}

function externalSource(location: string, data: Readonly<Record<string, Uint8Array>>): ByteSource {
  const bytes = data[location];
  if (!bytes)
    throw new TesseraError('INVALID_INPUT', `the model needs the external data "${location}"; pass it in externalData`);
  return { byteLength: bytes.byteLength, read: (offset, length) => bytes.subarray(offset, offset + length) };
}
