import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildModel } from '../../../tools/testing/index.js';
import { acquireDevice, createSession, GpuTensor, Tensor, TesseraError, type Device } from '../src/index.js';

const digits = new URL('../../../examples/digits/digits.onnx', import.meta.url);

/** y = 2 x + 1 for x of [N, 3]; `size` is folded to a constant where N is known. */
const affine = buildModel({
  inputs: [{ name: 'x', dataType: 'float32', dims: ['N', 3] }],
  outputs: [
    { name: 'y', dataType: 'float32' },
    { name: 'size', dataType: 'int64' },
  ],
  initializers: [
    { name: 'two', dataType: 'float32', dims: [1], data: Float32Array.of(2) },
    { name: 'one', dataType: 'float32', dims: [1], data: Float32Array.of(1) },
  ],
  nodes: [
    { opType: 'Mul', inputs: ['x', 'two'], outputs: ['m'] },
    { opType: 'Add', inputs: ['m', 'one'], outputs: ['y'] },
    { opType: 'Shape', inputs: ['y'], outputs: ['size'] },
  ],
  metadata: { author: 'a test' },
});

const x = Float32Array.of(1, 2, 3, 4, 5, 6);
const y = Float32Array.of(3, 5, 7, 9, 11, 13);

let device: Device;
beforeAll(async () => {
  device = await acquireDevice();
});
afterAll(() => device.dispose());

describe('createSession', () => {
  it('refuses a precision that there is none of, which a configuration may hold', async () => {
    await expect(createSession(affine, { device, precision: 'half' as 'fp16' })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: 'precision is "half"; it must be one of fp32, fp16, strict',
    });
  });

  it('takes a URL, bytes, a Node stream and a web stream', async () => {
    const bytes = await readFile(digits);
    const sources = [digits, bytes, createReadStream(digits), new Blob([bytes]).stream()];
    const image = Float32Array.from({ length: 64 }, (_, i) => Math.abs(Math.sin(i)));
    const scores: unknown[] = [];
    for (const source of sources) {
      const session = await createSession(source, { device });
      scores.push((await session.run({ image })).scores.data);
      session.dispose();
    }
    for (const other of scores) expect(other).toEqual(scores[0]);
  });

  it('tells the bytes of a stream as they come, and ends when it is aborted', async () => {
    const controller = new AbortController();
    const seen: number[] = [];
    const opening = createSession(createReadStream(digits, { highWaterMark: 65536 }), {
      device,
      signal: controller.signal,
      onProgress: ({ phase, done }) => {
        if (phase === 'load') seen.push(done);
        if (seen.length === 3) controller.abort(new Error('enough'));
      },
    });
    await expect(opening).rejects.toThrow('enough');
    expect(seen).toEqual([65536, 131072, 196608]);
  });

  it('ends when it is aborted while a stream gives nothing', async () => {
    let cancelled = false;
    const web = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(Uint8Array.of(8)),
      cancel: () => void (cancelled = true),
    });
    const endless = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }) };
    for (const stream of [web, endless]) {
      const controller = new AbortController();
      const opening = createSession(stream, { device, signal: controller.signal });
      setTimeout(() => controller.abort(new Error('enough')), 5);
      await expect(opening).rejects.toThrow('enough');
    }
    expect(cancelled).toBe(true);
  });

  it('refuses what is no model', async () => {
    await expect(createSession(7 as unknown as Uint8Array)).rejects.toThrow(
      'the model must be a path, its bytes (Uint8Array or ArrayBuffer), or a stream of them',
    );
    await expect(createSession(new URL('https://models.test/a.onnx'))).rejects.toThrow(
      "a model's URL must be a file's",
    );
  });

  it('gives errors with a code, a remedy, and the node', async () => {
    const model = buildModel({
      inputs: [{ name: 'x', dataType: 'float32', dims: [2] }],
      outputs: [{ name: 'y', dataType: 'float32' }],
      nodes: [{ opType: 'NoSuchOperator', name: 'the_node', inputs: ['x'], outputs: ['y'] }],
    });
    const error: unknown = await createSession(model, { device }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(TesseraError);
    expect(error).toMatchObject({ code: 'UNSUPPORTED_OPERATOR', retryable: false });
    expect((error as TesseraError).remedy).toContain('export the model');
    expect((error as TesseraError).message).toContain('NoSuchOperator');
  });
});

describe('feeds', () => {
  it('may be elements alone where one size is open', async () => {
    await using session = await createSession(affine, { device });
    expect((await session.run({ x })).y).toEqual({ dataType: 'float32', dims: [2, 3], data: y });
    expect(session.metadata).toEqual({ author: 'a test' });
  });

  it.each([
    [Float32Array.of(1, 2, 3, 4), 'input "x" has 4 elements and no shape; the model takes [N, 3]'],
    [Float64Array.of(1, 2, 3), 'input "x" is given as Float64Array; the model takes float32, a Float32Array'],
  ])('that do not fit are refused', async (data, message) => {
    using session = await createSession(affine, { device });
    await expect(session.run({ x: data })).rejects.toMatchObject({ code: 'INVALID_INPUT', message });
  });
});

describe('outputs', () => {
  it('go into tensors that the caller gives', async () => {
    using session = await createSession(affine, { device });
    const into = { dataType: 'float32' as const, dims: [2, 3], data: new Float32Array(6) };
    const result = await session.run({ x }, { outputs: { y: into, size: null } });
    expect(result.y).toBe(into);
    expect(into.data).toEqual(y);
    expect(result.size.data).toEqual(BigInt64Array.of(2n, 3n));
    const wrong = { ...into, dims: [3, 2] };
    await expect(session.run({ x }, { outputs: { y: wrong } })).rejects.toThrow(
      'the tensor given for output "y" is float32 [3, 2]; the output is float32 [2, 3]',
    );
  });

  it('stay on the GPU, feed the next run, and are freed', async () => {
    using session = await createSession(affine, { device });
    for (const output of Object.values(await session.run({ x }, { location: 'gpu' }))) output.dispose();
    await session.run({ x }, { outputs: ['y'] });
    const before = device.memory.bytes;
    const first = await session.run({ x }, { location: 'gpu' });
    expect(first.y).toBeInstanceOf(GpuTensor);
    expect(await first.size.download()).toEqual({ dataType: 'int64', dims: [2], data: BigInt64Array.of(2n, 3n) });
    const second = await session.run({ x: first.y }, { outputs: ['y'] });
    expect(second.y.data).toEqual(y.map((v) => 2 * v + 1));
    first.y.dispose();
    first.size.dispose();
    first.size.dispose();
    expect(device.memory.bytes).toBe(before);
    await expect(first.y.download()).rejects.toMatchObject({ code: 'DISPOSED' });
  });

  it("come from and go to the caller's own buffers", async () => {
    using session = await createSession(affine, { device });
    const usage = 0x4 | 0x8 | 0x80; // COPY_SRC | COPY_DST | STORAGE
    const [source, target] = [0, 1].map(() => device.gpu.createBuffer({ size: 24, usage }));
    device.gpu.queue.writeBuffer(source, 0, x);
    const options = { device, dataType: 'float32', dims: [2, 3] } as const;
    const into = Tensor.fromGpuBuffer(target, options);
    const result = await session.run({ x: Tensor.fromGpuBuffer(source, options) }, { outputs: { y: into } });
    expect(result.y).toBe(into);
    expect((await into.download()).data).toEqual(y);
    expect(() => Tensor.fromGpuBuffer(source, { ...options, dims: [7] })).toThrow(
      'the GPU buffer has 24 bytes; a float32 tensor of the shape [7] needs 28',
    );
    source.destroy();
    target.destroy();
  });
});

describe('a run', () => {
  it("ends with the signal's reason, and disturbs no other", async () => {
    using session = await createSession(affine, { device });
    const controller = new AbortController();
    const aborted = session.run({ x }, { signal: controller.signal });
    const other = session.run({ x });
    controller.abort(new Error('no longer wanted'));
    await expect(aborted).rejects.toThrow('no longer wanted');
    expect((await other).y.data).toEqual(y);
  });

  it('is waited for by asyncDispose', async () => {
    const session = await createSession(affine, { device });
    const run = session.run({ x });
    await session[Symbol.asyncDispose]();
    expect((await run).y.data).toEqual(y);
    await expect(session.run({ x })).rejects.toMatchObject({ code: 'DISPOSED' });
  });
});
