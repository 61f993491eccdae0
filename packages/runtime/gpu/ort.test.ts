import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { env, InferenceSession, Tensor } from 'onnxruntime-common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildModel } from '../../../tools/testing/index.js';
import '../src/ort/index.js';

/** The model of onnxruntime's quick start: c = a x b, of 3x4 and 4x3 matrices. */
const product = buildModel({
  inputs: [
    { name: 'a', dataType: 'float32', dims: [3, 4] },
    { name: 'b', dataType: 'float32', dims: [4, 3] },
  ],
  outputs: [{ name: 'c', dataType: 'float32', dims: [3, 3] }],
  nodes: [{ opType: 'MatMul', inputs: ['a', 'b'], outputs: ['c'] }],
});
const dataA = Float32Array.from({ length: 12 }, (_, i) => i + 1);
const dataB = Float32Array.from({ length: 12 }, (_, i) => (i + 1) * 10);
const dataC = Float32Array.of(700, 800, 900, 1580, 1840, 2100, 2460, 2880, 3300);

/** s = x + x, of any number of rows; n = the shape of s. */
const symbolic = buildModel({
  inputs: [{ name: 'x', dataType: 'float32', dims: ['rows', 2] }],
  outputs: [
    { name: 's', dataType: 'float32' },
    { name: 'n', dataType: 'int64' },
  ],
  nodes: [
    { opType: 'Add', inputs: ['x', 'x'], outputs: ['s'] },
    { opType: 'Shape', inputs: ['s'], outputs: ['n'] },
  ],
});

const feeds = () => ({ a: new Tensor('float32', dataA, [3, 4]), b: new Tensor('float32', dataB, [4, 3]) });

let folder: string;
let path: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tessera-ort-'));
  path = join(folder, 'model.onnx');
  await writeFile(path, product);
});
afterAll(() => rm(folder, { recursive: true }));

describe('code written for onnxruntime', () => {
  it('runs the quick start', async () => {
    const session = await InferenceSession.create(path);
    const results = await session.run(feeds());
    expect(results.c.data).toEqual(dataC);
    expect(results.c).toMatchObject({ type: 'float32', dims: [3, 3], size: 9, location: 'cpu' });
    await session.release();
  });

  it('creates sessions from every source there is', async () => {
    const file = await readFile(path);
    const padded = new ArrayBuffer(file.byteLength + 24);
    new Uint8Array(padded, 16, file.byteLength).set(file);
    const whole = new Uint8Array(file).buffer;
    const options: InferenceSession.SessionOptions = { executionProviders: ['webgpu'], graphOptimizationLevel: 'all' };
    const sessions = await Promise.all([
      InferenceSession.create(path),
      InferenceSession.create(path, options),
      InferenceSession.create(file),
      InferenceSession.create(file, options),
      InferenceSession.create(whole),
      InferenceSession.create(whole, options),
      InferenceSession.create(padded, 16, file.byteLength),
      InferenceSession.create(padded, 16, file.byteLength, { executionProviders: ['cpu'] }),
    ]);
    for (const session of sessions) {
      expect((await session.run(feeds())).c.data).toEqual(dataC);
      await session.release();
    }
  });

  it('reads names and metadata', async () => {
    const session = await InferenceSession.create(symbolic);
    expect(session.inputNames).toEqual(['x']);
    expect(session.outputNames).toEqual(['s', 'n']);
    expect(session.inputMetadata).toEqual([{ name: 'x', isTensor: true, type: 'float32', shape: ['rows', 2] }]);
    expect(session.outputMetadata).toMatchObject([{ name: 's' }, { name: 'n', type: 'int64', shape: [2] }]);
    await session.release();
  });

  it('asks for outputs by name, and gives tensors for them', async () => {
    const session = await InferenceSession.create(symbolic);
    const x = new Tensor(Float32Array.of(1, 2, 3, 4), [2, 2]);
    expect(Object.keys(await session.run({ x }, ['n']))).toEqual(['n']);
    expect((await session.run({ x }, ['n'])).n.data).toEqual(BigInt64Array.of(2n, 2n));
    const s = new Tensor('float32', new Float32Array(4), [2, 2]);
    const results = await session.run({ x }, { s, n: null }, { tag: 'preallocated' });
    expect(results.s).toBe(s);
    expect(s.data).toEqual(Float32Array.of(2, 4, 6, 8));
    await expect(session.run({ x }, ['unknown'])).rejects.toThrow("'fetches' contains invalid output name: unknown.");
    await session.release();
  });

  it('binds inputs and outputs on the GPU', async () => {
    const session = await InferenceSession.create(symbolic, {
      preferredOutputLocation: { s: 'gpu-buffer' },
      freeDimensionOverrides: { rows: 2 },
    });
    const gpu = (await env.webgpu.device) as GPUDevice;
    const buffer = gpu.createBuffer({ size: 16, usage: 0x4 | 0x8 | 0x80 });
    gpu.queue.writeBuffer(buffer, 0, Float32Array.of(1, 2, 3, 4));
    const x = Tensor.fromGpuBuffer(buffer, { dataType: 'float32', dims: [2, 2] });
    const first = await session.run({ x });
    expect(first.s.location).toBe('gpu-buffer');
    expect(first.n.location).toBe('cpu');
    const second = await session.run({ x: first.s });
    expect(await second.s.getData(true)).toEqual(Float32Array.of(4, 8, 12, 16));
    first.s.dispose();
    buffer.destroy();
    await session.release();
  });

  it('passes the types of elements through', async () => {
    const types = [
      'float32',
      'float64',
      'int8',
      'uint8',
      'int16',
      'uint16',
      'int32',
      'uint32',
      'int64',
      'uint64',
    ] as const;
    for (const type of types) {
      const session = await InferenceSession.create(
        buildModel({
          inputs: [{ name: 'x', dataType: type, dims: [3] }],
          outputs: [{ name: 'y', dataType: type }],
          nodes: [{ opType: 'Reshape', inputs: ['x', 'shape'], outputs: ['y'] }],
          initializers: [{ name: 'shape', dataType: 'int64', dims: [2], data: BigInt64Array.of(3n, 1n) }],
        }),
      );
      const x = new Tensor(type as 'float32', [1, 2, 3], [3]);
      const { y } = await session.run({ x });
      expect(y.type).toBe(type);
      expect(y.data).toEqual(x.data);
      await session.release();
    }
  });

  it('meets clear errors', async () => {
    await expect(InferenceSession.create(join(folder, 'missing.onnx'))).rejects.toMatchObject({
      code: 'INVALID_MODEL',
    });
    const session = await InferenceSession.create(path);
    await expect(session.run({ a: feeds().a })).rejects.toThrow("input 'b' is missing in 'feeds'.");
    await expect(session.run({ ...feeds(), a: feeds().b })).rejects.toThrow(
      'input "a" has the shape [4, 3]; the model takes [3, 4]',
    );
    expect(() => session.startProfiling()).toThrow('createSession(model).profile(feeds)');
    await session.release();
  });
});
