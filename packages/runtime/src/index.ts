import { loadOnnx, type ByteSource, type Model } from '@tessera/onnx-loader';
import { loadOnnxFile } from '@tessera/onnx-loader/node';
import type { Device, Session, SessionOptions } from './api.js';
import { acquireDevice as acquireGpuDevice, type AcquireOptions } from './device/acquire.js';
import { GpuDevice } from './device/device.js';
import { asTesseraError, TesseraError } from './errors.js';
import { openSession } from './session.js';

export type * from './api.js';
export type { AcquireOptions } from './device/acquire.js';
export { TesseraError, type ErrorCode } from './errors.js';
export type * from './tensor.js';
export type { DataType } from '@tessera/onnx-loader';

/**
 * Opens a WebGPU device to share between sessions.
 * @throws TesseraError NO_ADAPTER where the choice finds none, with what to install.
 */
export async function acquireDevice(options: AcquireOptions = {}): Promise<Device> {
  return acquireGpuDevice(options);
}

/**
 * Reads an ONNX model (a path, or its bytes), and prepares it on a device: shapes inferred, operators fused, weights
 * packed and uploaded, pipelines compiled. Models with symbolic dimensions are prepared at the first run, unless
 * `dims` gives the sizes.
 *
 * @example
 * const session = await createSession('model.onnx');
 * const { scores } = await session.run({ image: { dataType: 'float32', dims: [1, 3, 224, 224], data } });
 * session.dispose();
 *
 * @throws TesseraError INVALID_MODEL, UNSUPPORTED_OPERATOR (all of them named), UNSUPPORTED_DEVICE, NO_ADAPTER, ...
 */
export async function createSession(
  model: string | Uint8Array | ArrayBuffer,
  options: SessionOptions = {},
): Promise<Session> {
  const startedAt = performance.now();
  let device: GpuDevice | undefined;
  try {
    const loaded = load(model, options);
    device = await deviceOf(options);
    return await openSession(loaded, device, options.device === undefined, options, startedAt);
  } catch (error) {
    if (options.device === undefined) device?.dispose();
    throw asTesseraError(error);
  }
}

async function deviceOf(options: SessionOptions): Promise<GpuDevice> {
  const device = options.device ?? (await acquireGpuDevice(options));
  if (device instanceof GpuDevice) return device;
  throw new TesseraError('INVALID_INPUT', 'the device must come from acquireDevice');
}

function load(model: string | Uint8Array | ArrayBuffer, options: SessionOptions): Model {
  if (typeof model === 'string') return loadOnnxFile(model);
  const bytes = model instanceof Uint8Array ? model : new Uint8Array(model);
  return loadOnnx(bytes, { external: (location) => externalSource(location, options.externalData ?? {}) });
}

function externalSource(location: string, data: Readonly<Record<string, Uint8Array>>): ByteSource {
  const bytes = data[location];
  if (!bytes)
    throw new TesseraError('INVALID_INPUT', `the model needs the external data "${location}"; pass it in externalData`);
  return { byteLength: bytes.byteLength, read: (offset, length) => bytes.subarray(offset, offset + length) };
}
