import { loadOnnx, type ByteSource, type Model } from '@tessera/onnx-loader';
import type { Precision, Session, SessionOptions } from './api.js';
import { abortable } from './abortable.js';
import { asGpuDevice, type GpuDevice } from './device/device.js';
import { asTesseraError, TesseraError } from './errors.js';
import { openSession } from './session.js';

/** A model in memory, or on its way there: its bytes, or a stream of them (a web stream, a Node stream, any async iterable). */
export type ModelBytes = Uint8Array | ArrayBuffer | AsyncIterable<Uint8Array> | ReadableStream<Uint8Array>;

/** Loads a model, takes the device given or acquires one, and opens the session; what was acquired goes when that fails. */
export async function createSessionWith(
  load: () => Model | Promise<Model>,
  acquire: () => Promise<GpuDevice>,
  options: SessionOptions,
): Promise<Session> {
  const startedAt = performance.now();
  let acquired: GpuDevice | undefined;
  try {
    options.signal?.throwIfAborted();
    requireKnown(options);
    const model = await load();
    options.signal?.throwIfAborted();
    const device = asGpuDevice(options.device ?? (acquired = await acquire()));
    return await openSession(model, device, acquired !== undefined, options, startedAt);
  } catch (error) {
    acquired?.dispose();
    throw asTesseraError(error);
  }
}

const precisions: readonly unknown[] = ['fp32', 'fp16', 'strict'] satisfies Precision[];

/** TypeScript's types say it too, but what comes from a configuration or plain JavaScript would be taken for fp32. */
function requireKnown({ precision = 'fp32' }: SessionOptions): void {
  if (!precisions.includes(precision))
    throw new TesseraError('INVALID_INPUT', `precision is "${precision}"; it must be one of ${precisions.join(', ')}`);
}

/** A model from bytes or a stream of them, its external data from `options.externalData`. */
export async function loadBytes(model: ModelBytes, options: SessionOptions): Promise<Model> {
  return loadModel(await readBytes(model, options), options);
}

/** As `loadBytes`, for bytes at hand. */
export function loadModel(model: Uint8Array | ArrayBuffer, options: SessionOptions): Model {
  const bytes = model instanceof Uint8Array ? model : new Uint8Array(model);
  return loadOnnx(bytes, { external: (location) => externalSource(location, options.externalData ?? {}) });
}

async function readBytes(model: ModelBytes, options: SessionOptions): Promise<Uint8Array | ArrayBuffer> {
  if (model instanceof Uint8Array || model instanceof ArrayBuffer) return model;
  const isStream =
    typeof model === 'object' && model !== null && ('getReader' in model || Symbol.asyncIterator in model);
  if (isStream) return readStream(model, options);
  throw new TesseraError(
    'INVALID_INPUT',
    'the model must be a path, its bytes (Uint8Array or ArrayBuffer), or a stream of them',
  );
}

async function readStream(
  stream: AsyncIterable<Uint8Array> | ReadableStream<Uint8Array>,
  { onProgress, signal }: SessionOptions,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let total = 0;
  for await (const chunk of until(signal, 'getReader' in stream ? streamChunks(stream) : stream)) {
    if (!(chunk instanceof Uint8Array))
      throw new TesseraError(
        'INVALID_INPUT',
        'the stream of a model must give bytes (Uint8Array), not text or objects',
      );
    chunks.push(chunk);
    total += chunk.byteLength;
    onProgress?.({ phase: 'load', done: total, total });
  }
  const bytes = new Uint8Array(total);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return bytes;
}

/** The chunks of a stream until the signal aborts: at once, even where the stream gives nothing more and never ends. */
async function* until(signal: AbortSignal | undefined, stream: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const chunks = stream[Symbol.asyncIterator]();
  let ended = false;
  try {
    for (;;) {
      signal?.throwIfAborted();
      const { done, value } = await abortable(chunks.next(), signal);
      ended = done === true;
      if (ended) return;
      yield value as Uint8Array;
    }
  } finally {
    // Not waited for: a generator that is still to give its next chunk does not return before.
    if (!ended) chunks.return?.().catch(() => {});
  }
}

/** Not every browser can iterate its own streams. */
function streamChunks(stream: ReadableStream<Uint8Array>): AsyncIterable<Uint8Array> {
  const reader = stream.getReader();
  const next = () => reader.read() as Promise<IteratorResult<Uint8Array>>;
  const cancel = async () => {
    await reader.cancel();
    return { done: true as const, value: undefined };
  };
  return { [Symbol.asyncIterator]: () => ({ next, return: cancel }) };
}

function externalSource(location: string, data: Readonly<Record<string, Uint8Array>>): ByteSource {
  const bytes = data[location];
  if (!bytes)
    throw new TesseraError('INVALID_INPUT', `the model needs the external data "${location}"; pass it in externalData`);
  return { byteLength: bytes.byteLength, read: (offset, length) => bytes.subarray(offset, offset + length) };
}
