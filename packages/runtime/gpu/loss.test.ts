import { describe, expect, it } from 'vitest';
import { acquireDevice, createSession, TesseraError, type Device } from '../src/index.js';

const digits = new URL('../../../examples/digits/digits.onnx', import.meta.url);
const image = Float32Array.from({ length: 64 }, (_, i) => Math.abs(Math.sin(i)));

/** Destroys the GPU device as a driver's reset would: behind the runtime's back. */
async function lose(device: Device): Promise<void> {
  const { gpu } = device;
  gpu.destroy();
  await gpu.lost;
}

describe('when the device is lost', () => {
  it('runs under way fail with the retryable error, and the next ones succeed', async () => {
    const device = await acquireDevice();
    const [first, second] = await Promise.all([createSession(digits, { device }), createSession(digits, { device })]);
    const expected = (await first.run({ image })).scores;
    for (let loss = 0; loss < 3; loss++) {
      const underWay = Promise.allSettled(Array.from({ length: 6 }, () => first.run({ image })));
      await new Promise((resolve) => setImmediate(resolve));
      device.gpu.destroy();
      for (const outcome of await underWay) {
        if (outcome.status === 'fulfilled') expect(outcome.value.scores).toEqual(expected);
        else expect(outcome.reason).toMatchObject({ code: 'DEVICE_LOST', retryable: true });
      }
      const results = await Promise.all([first, second].map((session) => session.run({ image })));
      for (const { scores } of results) expect(scores).toEqual(expected);
      expect(device.health).toBe('ready');
    }
    first.dispose();
    second.dispose();
    expect(device.memory).toMatchObject({ buffers: 0, bytes: 0 });
    device.dispose();
  });

  it('a session with its own device recovers too, and profiles again', async () => {
    await using session = await createSession(digits);
    const expected = (await session.run({ image })).scores;
    await lose(session.device);
    expect(session.device.health).toBe('lost');
    expect((await session.run({ image })).scores).toEqual(expected);
    await lose(session.device);
    expect((await session.profile({ image }, { runs: 1 })).gpuMs).toBeGreaterThan(0);
  });

  it('again and again with no run between, it backs off and reports itself unhealthy', async () => {
    const device = await acquireDevice();
    const session = await createSession(digits, { device });
    const failures: unknown[] = [];
    for (let loss = 0; loss < 6 && device.health !== 'unhealthy'; loss++) {
      await lose(device);
      // Preparing opens the device anew without finishing a run on it.
      await session.prepare({ N: 1 }).catch((error: unknown) => failures.push(error));
    }
    expect(device.health).toBe('unhealthy');
    expect(failures.at(-1)).toBeInstanceOf(TesseraError);
    expect(failures.at(-1)).toMatchObject({ code: 'DEVICE_UNHEALTHY', retryable: true });
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect((await session.run({ image })).scores.dims).toEqual([1, 10]);
    expect(device.health).toBe('ready');
    session.dispose();
    device.dispose();
  });
});

describe('a memory budget', () => {
  it('evicts what is idle, refuses what is too large, and disturbs no run', async () => {
    const probe = await createSession(digits, { dims: { N: 1 } });
    await probe.run({ image });
    const { bytes } = probe.device.memory;
    probe.dispose();
    const device = await acquireDevice({ memoryBudget: Math.ceil(bytes * 1.5) });
    const sessions = await Promise.all([0, 1, 2].map(() => createSession(digits, { device, dims: { N: 1 } })));
    const expected = (await sessions[0].run({ image })).scores;
    for (let round = 0; round < 2; round++) {
      for (const session of sessions) {
        expect((await session.run({ image })).scores).toEqual(expected);
        expect(device.memory.bytes).toBeLessThanOrEqual(bytes * 1.5);
      }
    }
    const huge = { dataType: 'float32', dims: [5000, 1, 8, 8], data: new Float32Array(5000 * 64) } as const;
    await expect(sessions[0].run({ image: huge })).rejects.toMatchObject({ code: 'OUT_OF_MEMORY' });
    expect((await sessions[0].run({ image })).scores).toEqual(expected);
    for (const session of sessions) session.dispose();
    expect(device.memory.bytes).toBe(0);
    device.dispose();
  });
});
