import type { Device, Session, SessionOptions } from './api.js';
import { createSessionWith, loadBytes } from './create-session.js';
import { acquireBrowserDevice } from './device/acquire-browser.js';

export type * from './api.js';
export { TesseraError, type ErrorCode } from './errors.js';
export { measureCeilings } from './measure-ceilings.js';
export type { Ceilings } from '@tessera/conv-kernels';
export type * from './tensor.js';
export type { DataType } from '@tessera/onnx-loader';

/** Opens the browser's WebGPU device, to share between sessions. */
export async function acquireDevice(): Promise<Device> {
  return acquireBrowserDevice();
}

/** As in Node, for a model in memory; external data comes through `options.externalData`. */
export async function createSession(model: Uint8Array | ArrayBuffer, options: SessionOptions = {}): Promise<Session> {
  return createSessionWith(() => loadBytes(model, options), acquireBrowserDevice, options);
}
