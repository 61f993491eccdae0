/** The backend for onnxruntime-common in a browser: see `@tessera/runtime/ort`. Models may be addresses, which are fetched. */
import { acquireDevice, createSession } from '../browser.js';
import { TesseraError } from '../errors.js';
import { register } from './backend.js';

export * from 'onnxruntime-common';

async function readFile(address: string): Promise<Uint8Array> {
  const response = await fetch(address);
  if (!response.ok)
    throw new TesseraError(
      'INVALID_INPUT',
      `the external data ${address} cannot be fetched: status ${response.status}`,
    );
  return new Uint8Array(await response.arrayBuffer());
}

register({ acquireDevice, createSession, readFile });
