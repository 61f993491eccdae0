import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';

/** A model of one input `image` [N, 1, 8, 8] and one output `scores` [N, 10]. */
export const digits = fileURLToPath(new URL('../../../examples/digits/digits.onnx', import.meta.url));

/** Settings of a server that takes any free ports and logs nothing. */
export const quiet = { port: 0, grpcPort: 0, logLevel: 'silent' } as const;

export const image = Float32Array.from({ length: 64 }, (_, i) => Math.abs(Math.sin(i)));

export const bytesOf = (array: ArrayBufferView) => Buffer.from(array.buffer, array.byteOffset, array.byteLength);

/** The body of a request to `digits` in JSON. */
export const request = (data: readonly number[] = [...image], shape = [1, 1, 8, 8]) =>
  JSON.stringify({ id: 'a', inputs: [{ name: 'image', shape, datatype: 'FP32', data }] });

export function expectScores(wanted: Float32Array, data: ArrayLike<number>): void {
  expect(data.length).toBe(10);
  wanted.forEach((score, i) => expect(data[i]).toBeCloseTo(score, 4));
}
