import { loadOnnxFile } from '@tessera/onnx-loader/node';
import type { Device, Session, SessionOptions } from './api.js';
import { createSessionWith, loadBytes } from './create-session.js';
import { acquireDevice as acquireGpuDevice, type AcquireOptions } from './device/acquire.js';

export type * from './api.js';
export { measureCeilings } from './measure-ceilings.js';
export type { Ceilings } from '@tessera/conv-kernels';
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
  const load = () => (typeof model === 'string' ? loadOnnxFile(model) : loadBytes(model, options));
  return createSessionWith(load, () => acquireGpuDevice(options), options);
}
