/**
 * A backend for onnxruntime-common: importing this registers it, and `InferenceSession` and `Tensor` from here, or from
 * onnxruntime-common itself, then run on Tessera. docs/onnxruntime.md says what differs.
 *
 * @example
 * import * as ort from '@tessera/runtime/ort';
 *
 * const session = await ort.InferenceSession.create('./model.onnx');
 * const { c } = await session.run({ a: new ort.Tensor('float32', Float32Array.of(1, 2), [2]) });
 *
 * @module
 */
import { readFile } from 'node:fs/promises';
import { acquireDevice, createSession } from '../index.js';
import { register } from './backend.js';

export * from 'onnxruntime-common';

register({ acquireDevice, createSession, readFile });
