import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { buildModel } from '../../../tools/testing/index.js';
import {
  acquireDevice,
  createSession,
  createSessionPool,
  TesseraError,
  type BatchReport,
  type Device,
  type SessionPool,
} from '../src/index.js';

const digits = new URL('../../../examples/digits/digits.onnx', import.meta.url);
const image = (seed: number, rows = 1) =>
  Float32Array.from({ length: rows * 64 }, (_, i) => Math.abs(Math.sin(i * 1.3 + seed)));

/** Each row minus the mean over the batch, which rows of one batch share. */
const mixing = buildModel({
  inputs: [{ name: 'x', dataType: 'float32', dims: ['N', 3] }],
  outputs: [{ name: 'y', dataType: 'float32', dims: ['N', 3] }],
  initializers: [{ name: 'axes', dataType: 'int64', dims: [1], data: BigInt64Array.of(0n) }],
  nodes: [
    { opType: 'ReduceMean', inputs: ['x', 'axes'], outputs: ['mean'] },
    { opType: 'Sub', inputs: ['x', 'mean'], outputs: ['y'] },
  ],
});

let device: Device;
let solitary: Map<number, Float32Array>;
beforeAll(async () => {
  device = await acquireDevice();
  solitary = new Map();
  await using session = await createSession(digits, { device });
  for (let seed = 0; seed < 40; seed++)
    solitary.set(seed, (await session.run({ image: image(seed) })).scores.data as Float32Array);
});
afterAll(() => device.dispose());

function expectClose(actual: Float32Array, wanted: Float32Array): void {
  expect(actual.length).toBe(wanted.length);
  const worst = wanted.reduce((max, value, i) => Math.max(max, Math.abs(value - actual[i])), 0);
  expect(worst).toBeLessThan(1e-4);
}

async function check(pool: SessionPool, seeds: Iterable<number>): Promise<void> {
  const runs = Array.from(seeds, async (seed) => {
    const { scores } = await pool.run({ image: image(seed) });
    expect(scores.dims).toEqual([1, 10]);
    expectClose(scores.data as Float32Array, solitary.get(seed)!);
  });
  await Promise.all(runs);
}

describe('a session pool', () => {
  it('answers requests that come together in batches, each as if alone', async () => {
    const batches: BatchReport[] = [];
    await using pool = await createSessionPool(digits, {
      devices: [device],
      batching: { maxSize: 8, maxDelayMs: 1000 },
      onBatch: (report) => batches.push(report),
    });
    expect(pool.batching).toEqual({ enabled: true });
    await check(pool, solitary.keys());
    expect(batches.reduce((sum, { requests }) => sum + requests, 0)).toBe(40);
    expect(batches.length).toBe(5);
    expect(batches[0]).toMatchObject({ requests: 8, rows: 8, size: 8, error: undefined });
  });

  it('takes requests of several rows, and of more than a batch', async () => {
    await using pool = await createSessionPool(digits, { devices: [device], batching: { maxSize: 4 } });
    for (const rows of [3, 6]) {
      const { scores } = await pool.run({
        image: { dataType: 'float32', dims: [rows, 1, 8, 8], data: image(7, rows) },
      });
      expect(scores.dims).toEqual([rows, 10]);
      expectClose((scores.data as Float32Array).subarray(0, 10), solitary.get(7)!);
    }
  });

  it('spreads requests over devices, and survives the loss of one', async () => {
    const bytes = await readFile(digits);
    await using pool = await createSessionPool(bytes, { adapters: ['auto', 'auto'], batching: { maxSize: 4 } });
    await check(pool, solitary.keys());
    const runs = Promise.allSettled(Array.from({ length: 24 }, (_, i) => pool.run({ image: image(i) })));
    await new Promise((resolve) => setImmediate(resolve));
    pool.sessions[0].device.gpu.destroy();
    (await runs).forEach((outcome, i) => {
      if (outcome.status === 'fulfilled') expectClose(outcome.value.scores.data as Float32Array, solitary.get(i)!);
      else expect(outcome.reason).toMatchObject({ code: 'DEVICE_LOST', retryable: true });
    });
    await check(pool, solitary.keys());
    expect(pool.health).toBe('ready');
  });

  it('does not join rows that influence each other', async () => {
    await using pool = await createSessionPool(mixing, { devices: [device], batching: { maxSize: 4 } });
    expect(pool.batching).toEqual({ enabled: false, reason: 'the rows of a batch influence each other' });
    const results = await Promise.all([1, 2, 3].map((v) => pool.run({ x: Float32Array.of(v, v, v) })));
    for (const { y } of results) expect(y.data).toEqual(new Float32Array(3));
  });

  describe('whose rows may have any length', () => {
    const ramp = buildModel({
      inputs: [{ name: 'x', dataType: 'float32', dims: ['N', 'L'] }],
      outputs: [{ name: 'y', dataType: 'float32', dims: ['N', 'L'] }],
      nodes: [{ opType: 'Relu', inputs: ['x'], outputs: ['y'] }],
    });
    const rowOf = (length: number) => ({
      x: { dataType: 'float32', dims: [1, length], data: new Float32Array(length).fill(length) } as const,
    });
    const open = async () => {
      const batches: BatchReport[] = [];
      const batching = { maxSize: 4, maxDelayMs: 20 };
      const onBatch = (report: BatchReport) => batches.push(report);
      const pool = await createSessionPool(ramp, { devices: [device], batching, onBatch });
      return { pool, batches, run: vi.spyOn(pool.sessions[0], 'run') };
    };
    /** Until two requests of a length share a batch. */
    const untilJoined = ({ pool, batches }: Awaited<ReturnType<typeof open>>, length: number) =>
      vi.waitFor(async () => {
        for (const { y } of await Promise.all([pool.run(rowOf(length)), pool.run(rowOf(length))]))
          expect(y).toMatchObject({ dims: [1, length], data: new Float32Array(length).fill(length) });
        expect(batches.at(-1)).toMatchObject({ requests: 2, error: undefined });
      });

    it('tries no length that comes once, and joins those that come again', async () => {
      const opened = await open();
      await using pool = opened.pool;
      for (const length of [2, 3, 5]) await pool.run(rowOf(length));
      expect(opened.run).toHaveBeenCalledTimes(3);
      await untilJoined(opened, 3);
    });

    it('tries again what a lost device left open', async () => {
      const opened = await open();
      await using pool = opened.pool;
      await pool.run(rowOf(3));
      opened.run.mockRejectedValueOnce(new TesseraError('DEVICE_LOST', 'the device was lost'));
      await pool.run(rowOf(3));
      await untilJoined(opened, 3);
      expect(pool.batching).toEqual({ enabled: true });
    });
  });

  it('refuses feeds that do not fit, alone, and requests beyond its bound', async () => {
    await using pool = await createSessionPool(digits, {
      devices: [device],
      batching: { maxSize: 8, maxDelayMs: 20 },
      maxQueue: 4,
      concurrency: 1,
    });
    const good = check(pool, [1, 2, 3]);
    await expect(pool.run({ image: new Float32Array(63) })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    await expect(pool.run({ image: image(1) }, { outputs: ['nothing'] })).rejects.toThrow('no output "nothing"');
    await good;
    const outcomes = await Promise.allSettled(Array.from({ length: 9 }, (_, i) => pool.run({ image: image(i) })));
    const refused = outcomes.filter((o) => o.status === 'rejected');
    expect(refused.length).toBeGreaterThan(0);
    for (const { reason } of refused) expect(reason).toMatchObject({ code: 'OVERLOADED', retryable: true });
    expect(outcomes.length - refused.length).toBeGreaterThanOrEqual(4);
  });

  it('runs the others where one request makes a batch fail', async () => {
    const fragile = buildModel({
      inputs: [{ name: 'x', dataType: 'float32', dims: ['N', 'L'] }],
      outputs: [{ name: 'y', dataType: 'float32', dims: ['N', 4] }],
      initializers: [{ name: 'w', dataType: 'float32', dims: [2, 4], data: new Float32Array(8).fill(1) }],
      nodes: [{ opType: 'MatMul', inputs: ['x', 'w'], outputs: ['y'] }],
    });
    await using pool = await createSessionPool(fragile, { devices: [device], batching: { maxSize: 4 } });
    const bad = { x: { dataType: 'float32', dims: [1, 3], data: new Float32Array(3) } } as const;
    const good = { x: { dataType: 'float32', dims: [1, 2], data: Float32Array.of(1, 2) } } as const;
    const outcomes = await Promise.allSettled([pool.run(good), pool.run(bad), pool.run(good)]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(outcomes[1]).toMatchObject({ reason: expect.any(TesseraError) });
  });

  it('lets go of a request that is aborted, answers the rest, and drains', async () => {
    const pool = await createSessionPool(digits, { devices: [device], batching: { maxSize: 8, maxDelayMs: 50 } });
    const controller = new AbortController();
    const aborted = pool.run({ image: image(1) }, { signal: controller.signal });
    const rest = check(pool, [2, 3]);
    controller.abort(new Error('gone'));
    await expect(aborted).rejects.toThrow('gone');
    expect(pool.load.waiting).toBe(2);
    await pool.drain();
    expect(pool.load).toEqual({ waiting: 0, running: 0 });
    await rest;
    pool.dispose();
    await expect(pool.run({ image: image(1) })).rejects.toMatchObject({ code: 'DISPOSED' });
  });

  it('refuses options that are none', async () => {
    await expect(createSessionPool(digits, { devices: [] })).rejects.toThrow('at least one device');
    await expect(createSessionPool(digits, { devices: [device], batching: { maxSize: 0 } })).rejects.toThrow(
      'batching.maxSize is a whole number from 1, not 0',
    );
  });
});
