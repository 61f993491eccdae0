import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildModel } from '../../../tools/testing/index.js';
import {
  acquireDevice,
  createSession,
  listAdapters,
  type Device,
  type ProfileOptions,
  type RunOptions,
  type RunTiming,
  type SessionOptions,
  type Tensor,
} from '../src/index.js';

const model = buildModel({
  inputs: [{ name: 'x', dataType: 'float32', dims: ['N', 3, 5, 7] }],
  outputs: [
    { name: 'y', dataType: 'float32' },
    { name: 'shape', dataType: 'int64' },
  ],
  initializers: [
    {
      name: 'w',
      dataType: 'float32',
      dims: [6, 3, 3, 3],
      data: Float32Array.from({ length: 162 }, (_, i) => Math.sin(i)),
    },
    { name: 'b', dataType: 'float32', dims: [6], data: Float32Array.of(0, 1, 2, 3, 4, 5) },
  ],
  nodes: [
    {
      opType: 'Conv',
      name: 'conv',
      inputs: ['x', 'w', 'b'],
      outputs: ['c'],
      attributes: { pads: [1, 1, 1, 1], strides: [2, 1] },
    },
    { opType: 'Relu', inputs: ['c'], outputs: ['y'] },
    { opType: 'Shape', inputs: ['y'], outputs: ['shape'] },
  ],
});

/** Three layers that nothing fuses. */
const deep = buildModel({
  inputs: [{ name: 'x', dataType: 'float32', dims: [3] }],
  outputs: [{ name: 'r', dataType: 'float32' }],
  nodes: [
    { opType: 'Sqrt', inputs: ['x'], outputs: ['p'] },
    { opType: 'Neg', inputs: ['p'], outputs: ['q'] },
    { opType: 'Abs', inputs: ['q'], outputs: ['r'] },
  ],
});

const input = (batch: number): Tensor => ({
  dataType: 'float32',
  dims: [batch, 3, 5, 7],
  data: Float32Array.from({ length: batch * 105 }, (_, i) => Math.cos(i * 1.7)),
});

/** The convolution above in plain loops. */
function expected(x: Tensor): number[] {
  const data = x.data as Float32Array;
  const out: number[] = [];
  for (let n = 0; n < x.dims[0]; n++)
    for (let o = 0; o < 6; o++)
      for (let r = 0; r < 3; r++)
        for (let q = 0; q < 7; q++) {
          let sum = o;
          for (let c = 0; c < 3; c++)
            for (let i = 0; i < 3; i++)
              for (let j = 0; j < 3; j++) {
                const h = r * 2 + i - 1;
                const w = q + j - 1;
                if (h >= 0 && h < 5 && w >= 0 && w < 7) {
                  sum += data[((n * 3 + c) * 5 + h) * 7 + w] * Math.fround(Math.sin(((o * 3 + c) * 3 + i) * 3 + j));
                }
              }
          out.push(Math.max(0, sum));
        }
  return out;
}

function expectClose(actual: Tensor, wanted: readonly number[]): void {
  expect(actual.data.length).toBe(wanted.length);
  const worst = wanted.reduce((max, value, i) => Math.max(max, Math.abs(value - Number(actual.data[i]))), 0);
  expect(worst).toBeLessThan(1e-5);
}

const numbers = (tensor: Tensor) => Array.from(tensor.data as Float32Array);

let device: Device;
beforeAll(async () => {
  device = await acquireDevice();
});
afterAll(() => device.dispose());

describe('a session', () => {
  it('runs any batch without reloading, and gives folded outputs too', async () => {
    const session = await createSession(model, { device });
    for (const batch of [1, 3, 2, 1]) {
      const { y, shape } = await session.run({ x: input(batch) });
      expect(y.dims).toEqual([batch, 6, 3, 7]);
      expectClose(y, expected(input(batch)));
      expect(shape.data).toEqual(BigInt64Array.of(BigInt(batch), 6n, 3n, 7n));
    }
    session.dispose();
  });

  it('runs concurrently with itself and with another session on the device', async () => {
    const [first, second] = await Promise.all([createSession(model, { device }), createSession(model, { device })]);
    const runs = Array.from({ length: 12 }, async (_, i) => {
      const x = input(1 + (i % 3));
      const { y } = await (i % 2 === 0 ? first : second).run({ x });
      expectClose(y, expected(x));
    });
    await Promise.all(runs);
    first.dispose();
    second.dispose();
  });

  it('runs again and again with other inputs, timed or not, alone or not', async () => {
    const session = await createSession(model, { device });
    const run = async (factor: number, options: RunOptions = {}): Promise<void> => {
      const plain = input(2);
      const x = { ...plain, data: (plain.data as Float32Array).map((value) => value * factor) };
      expectClose((await session.run({ x }, options)).y, expected(x));
    };
    for (const factor of [1, 2, 3]) await run(factor);
    await run(4, { onTiming: () => {} });
    await run(5);
    await Promise.all([run(6), run(7), run(8, { onTiming: () => {} })]);
    await run(9);
    session.dispose();
  });

  it('drops the programs of old sizes, but not under a run', async () => {
    const session = await createSession(model, { device });
    const runs = Array.from({ length: 20 }, async (_, i) => {
      const x = input(i + 1);
      expectClose((await session.run({ x })).y, expected(x));
    });
    await Promise.all(runs);
    session.dispose();
    expect(device.memory.buffers).toBe(0);
  });

  it('leaves no buffer behind', async () => {
    const before = device.memory;
    for (let round = 0; round < 5; round++) {
      const session = await createSession(model, { device, dims: { N: 2 } });
      await session.run({ x: input(2) });
      await session.run({ x: input(1) });
      session.dispose();
    }
    expect(device.memory).toEqual(before);
  });

  it('leaves no buffer behind when it is disposed while it prepares', async () => {
    const before = device.memory;
    const session = await createSession(model, { device });
    const run = session.run({ x: input(4) });
    session.dispose();
    await expect(run).rejects.toMatchObject({ code: 'DISPOSED' });
    expect(device.memory).toEqual(before);
  });

  it('times every layer', async () => {
    const session = await createSession(model, { device });
    const profile = await session.profile({ x: input(2) }, { runs: 3 });
    expect(profile.layers.map((layer) => layer.opType)).toContain('FusedConv');
    expect(profile.gpuMs).toBeGreaterThan(0);
    expect(profile.passCostMs).toBeGreaterThanOrEqual(0);
    session.dispose();
  });

  it('lays the dispatches of a profiled run on one axis with the host', async () => {
    const session = await createSession(model, { device });
    const { layers, timeline, wholeMs } = await session.profile({ x: input(2) }, { runs: 3 });
    expect(wholeMs).toBeGreaterThan(0);
    expect(layers.map(({ samplesMs }) => samplesMs.length)).toEqual(layers.map(() => 3));
    expect(timeline.gpu.length).toBe(session.report.dispatches);
    const submitted = timeline.host.find(({ name }) => name === 'encode')!.startMs;
    const seen = timeline.host.at(-1)!.endMs;
    timeline.gpu.reduce((end, dispatch) => {
      expect(dispatch.startMs).toBeGreaterThanOrEqual(end - 1e-3);
      expect(layers[dispatch.layer]).toBeDefined();
      return dispatch.endMs;
    }, submitted - timeline.uncertaintyMs);
    expect(timeline.gpu.at(-1)!.endMs).toBeLessThanOrEqual(seen + timeline.uncertaintyMs);
    session.dispose();
  });

  it('has in the timeline of its one run what it says of layers and their sum', async () => {
    const session = await createSession(model, { device });
    const { gpuMs, layers, timeline } = await session.profile({ x: input(2) }, { runs: 1, parts: 1 });
    const lengths = layers.map(() => 0);
    for (const { layer, startMs, endMs } of timeline.gpu) lengths[layer] += endMs - startMs;
    layers.forEach(({ ms }, i) => expect(lengths[i]).toBeCloseTo(ms, 6));
    expect(lengths.reduce((sum, ms) => sum + ms, 0)).toBeCloseTo(gpuMs, 6);
    session.dispose();
  });

  const x: Tensor = { dataType: 'float32', dims: [3], data: Float32Array.of(1, 4, 9) };

  it.each([2, 3, 99])('times each dispatch once in a rotation over %i parts', async (parts) => {
    const session = await createSession(deep, { device });
    let told: number[] = [];
    const onRun = (done: number, runs: number) => (told = [done, runs]);
    const profile = await session.profile({ x }, { runs: 3, parts, onRun });
    const { dispatches } = session.report;
    expect(dispatches).toBeGreaterThanOrEqual(3);
    expect([profile.runs, profile.parts]).toEqual([3, Math.min(parts, dispatches)]);
    expect(told).toEqual([3, 3]);
    for (const { samplesMs } of profile.layers) {
      expect(samplesMs.length).toBe(3);
      expect(samplesMs.every((ms) => ms >= 0)).toBe(true);
    }
    expect(profile.layers.some(({ ms }) => ms > 0)).toBe(true);
    expect(profile.profiledMs).toBeGreaterThan(0);
    expect(profile.timeline.gpu.length).toBe(dispatches);
    expectClose((await session.run({ x })).r, [1, 2, 3]);
    session.dispose();
  });

  it('ends profiling in parts early with whole rotations, one at least', async () => {
    const session = await createSession(deep, { device });
    const options = { runs: 9, parts: 2 };
    const aborted = await session.profile({ x }, { ...options, signal: AbortSignal.abort() });
    expect([aborted.runs, aborted.parts]).toEqual([1, 2]);
    expect(aborted.layers.map(({ samplesMs }) => samplesMs.length)).toEqual(aborted.layers.map(() => 1));
    const stop = new AbortController();
    const onRun = (done: number) => done === 2 && stop.abort();
    expect((await session.profile({ x }, { ...options, signal: stop.signal, onRun })).runs).toBe(2);
    session.dispose();
  });

  it('refuses counts of runs and parts that are none', async () => {
    const session = await createSession(model, { device });
    const profile = (options: ProfileOptions) => session.profile({ x: input(1) }, options);
    await expect(profile({ runs: 0 })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringMatching(/^runs is .*not 0$/),
    });
    await expect(profile({ parts: 1.5 })).rejects.toMatchObject({
      message: expect.stringMatching(/^parts is a whole number from 1, not 1\.5$/),
    });
    session.dispose();
  });

  it('ends profiling early with what it has', async () => {
    const session = await createSession(model, { device });
    const stop = new AbortController();
    const onRun = (done: number) => done === 2 && stop.abort();
    expect((await session.profile({ x: input(1) }, { runs: 9, signal: stop.signal, onRun })).runs).toBe(2);
    session.dispose();
  });

  it('says where the time of a run went', async () => {
    const session = await createSession(model, { device });
    let timing: RunTiming | undefined;
    await session.run({ x: input(2) }, { onTiming: (t) => (timing = t) });
    const { uploadMs, encodeMs, gpuMs, waitMs, readBackMs, totalMs } = timing!;
    expect(gpuMs).toBeGreaterThan(0);
    expect(uploadMs + encodeMs + gpuMs! + waitMs + readBackMs).toBeGreaterThanOrEqual(totalMs - 1e-3);
    session.dispose();
  });

  it('tells of layers and of memory over time', async () => {
    const session = await createSession(model, { device, dims: { N: 2 } });
    const { layers, memory, dispatches, activationBytes } = session.report;
    expect(layers[0]).toMatchObject({ name: 'conv', origins: ['conv', 'Relu_1'], outputs: ['y'], shape: [2, 6, 3, 7] });
    expect(layers[0].flops).toBe(2 * (2 * 6 * 3 * 7) * (3 * 3 * 3));
    expect(memory).toMatchObject({ activationBytes, steps: dispatches, inputBytes: 2 * 105 * 4 });
    expect(memory!.liveBytes.length).toBe(dispatches);
    expect(Math.max(...memory!.liveBytes)).toBeLessThanOrEqual(activationBytes);
    expect(Math.min(...memory!.liveBytes)).toBeGreaterThan(0);
    for (const { bytes, tenants } of memory!.allocations) {
      tenants.forEach((tenant, i) => {
        expect(tenant.bytes).toBeLessThanOrEqual(bytes);
        expect(tenant.first).toBeGreaterThan(tenants[i - 1]?.last ?? -1);
      });
    }
    session.dispose();
  });

  it('gives values inside the graph that were asked to be kept', async () => {
    const x = input(2);
    const named = await createSession(model, { device, keep: ['c'] });
    expect(Object.keys(await named.run({ x }))).toEqual(['y', 'shape']);
    const { c, y } = await named.run({ x }, { outputs: ['c', 'y'] });
    expect(numbers(y)).toEqual(numbers(c).map((value) => Math.max(0, value)));
    expect(numbers(c).some((value) => value < 0)).toBe(true);
    named.dispose();
    const all = await createSession(deep, { device, keep: 'all' });
    const values = all.report.layers.flatMap(({ outputs }) => outputs);
    expect(values).toEqual(['p', 'q', 'r']);
    const kept = await all.run(
      { x: { dataType: 'float32', dims: [3], data: Float32Array.of(1, 4, 9) } },
      { outputs: values },
    );
    expect(Object.values(kept).map(numbers)).toEqual([
      [1, 2, 3],
      [-1, -2, -3],
      [1, 2, 3],
    ]);
    all.dispose();
    await expect(createSession(model, { device, keep: ['none'] })).rejects.toThrow(/no value "none"/);
  });

  it('keeps strict sessions off algorithms that err more than a chain of multiply-adds', async () => {
    const channels = 64;
    const size = channels * channels * 9;
    const wide = buildModel({
      inputs: [{ name: 'x', dataType: 'float32', dims: [1, channels, 28, 26] }],
      outputs: [{ name: 'y', dataType: 'float32' }],
      initializers: [
        { name: 'w', dataType: 'float32', dims: [channels, channels, 3, 3], data: new Float32Array(size).fill(0.5) },
      ],
      nodes: [{ opType: 'Conv', inputs: ['x', 'w'], outputs: ['y'], attributes: { pads: [1, 1, 1, 1] } }],
    });
    const x: Tensor = {
      dataType: 'float32',
      dims: [1, channels, 28, 26],
      data: new Float32Array(channels * 728).fill(1),
    };
    const algorithms = async (options: SessionOptions) => {
      const session = await createSession(wide, { device, ...options });
      const { layers } = await session.profile({ x }, { runs: 1 });
      session.dispose();
      return layers.map((layer) => layer.algorithm).join();
    };
    expect(await algorithms({ algorithms: { only: 'winograd' } })).toContain('winograd');
    expect(await algorithms({ precision: 'strict' })).not.toContain('winograd');
  });

  it('uses the algorithm asked for at one node, whatever the others use', async () => {
    const algorithms = { only: 'direct', nodes: { conv: 'tiled' } };
    const session = await createSession(model, { device, dims: { N: 1 }, algorithms });
    expect(session.report.layers[0]).toMatchObject({ name: 'conv', algorithm: expect.stringMatching(/^tiled/) });
    const [{ forced, candidates }] = session.explain();
    expect(forced).toBe('tiled');
    expect(candidates.find(({ algorithm }) => algorithm === 'tiled')!.refusal).toBe('only direct is asked for');
    session.dispose();
  });

  it('explains its choices: the algorithm taken first, the refused with their reasons', async () => {
    const session = await createSession(model, { device });
    expect(session.explain()).toEqual([]);
    await session.prepare({ N: 2 });
    const [{ name, opType, shape, forced, candidates }, ...others] = session.explain();
    expect(forced).toBeUndefined();
    expect({ name, opType, shape, others }).toEqual({
      name: 'conv',
      opType: 'FusedConv',
      shape: [2, 6, 3, 7],
      others: [],
    });
    expect(session.report.layers[0].algorithm).toContain(candidates[0].algorithm);
    expect(candidates.some(({ algorithm, refusal }) => algorithm === 'winograd' && refusal !== undefined)).toBe(true);
    session.dispose();
  });

  it('reports progress, sizes and times', async () => {
    const phases = new Set<string>();
    const session = await createSession(model, {
      device,
      dims: { N: 1 },
      onProgress: ({ phase }) => phases.add(phase),
    });
    expect([...phases]).toEqual(['load', 'upload', 'compile']);
    expect(session.inputs).toEqual([{ name: 'x', dataType: 'float32', dims: ['N', 3, 5, 7], elementType: 'f32' }]);
    expect(session.report).toMatchObject({ opsets: { 'ai.onnx': 21 }, precision: 'fp32' });
    expect(session.report.weightBytes).toBeGreaterThan(0);
    session.dispose();
  });

  it.each([
    [{}, 'missing input "x"; the model needs "x"'],
    [{ z: input(1) }, 'the model has no input "z"; its inputs are "x"'],
    [{ x: { ...input(1), dims: [1, 3, 7, 5] } }, 'input "x" has the shape [1, 3, 7, 5]; the model takes [N, 3, 5, 7]'],
    [{ x: { ...input(1), dims: [105] } }, 'input "x" has the shape [105]; the model takes [N, 3, 5, 7]'],
    [{ x: { ...input(1), dataType: 'int32' as const } }, 'input "x" is int32; the model takes float32'],
    [{ x: { ...input(1), data: new Float32Array(4) } }, 'input "x" has 4 elements; its shape [1, 3, 5, 7] needs 105'],
    [null, 'the inputs are null; give an object of tensors by their names'],
    ['x', 'the inputs are string; give an object of tensors by their names'],
    [{ x: 7 }, 'input "x" is no tensor: it needs dataType, dims (an array of sizes) and data (its elements)'],
    [
      { x: { ...input(1), dims: '1,3,5,7' } },
      'input "x" is no tensor: it needs dataType, dims (an array of sizes) and data (its elements)',
    ],
    [
      { x: { ...input(1), data: undefined } },
      'input "x" is no tensor: it needs dataType, dims (an array of sizes) and data (its elements)',
    ],
  ])('refuses wrong feeds with one sentence', async (feeds, message) => {
    const session = await createSession(model, { device });
    await expect(session.run(feeds as unknown as Record<string, Tensor>)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message,
    });
    session.dispose();
  });

  it('refuses a place that is none, and a choice for a node that is none', async () => {
    const session = await createSession(model, { device });
    const wrong = session.run({ x: input(1) }, { location: 'moon' as 'gpu' });
    await expect(wrong).rejects.toThrow(`location is "moon"; it is 'cpu' or 'gpu'`);
    session.dispose();
    const misspelt = createSession(model, { device, algorithms: { nodes: { 'no such node': 'direct' } } });
    await expect(misspelt).rejects.toThrow('algorithms.nodes names "no such node", which the model has not');
  });

  it('names a dimension that does not exist', async () => {
    await expect(createSession(model, { device, dims: { M: 2 } })).rejects.toThrow(
      'the model has no dimension "M"; its symbolic dimensions are N',
    );
  });
});

describe('acquireDevice', () => {
  it('names the adapters there are where none fits', async () => {
    const names = (await listAdapters()).map(({ name }) => name);
    await expect(acquireDevice({ adapter: 'no-such-adapter' })).rejects.toMatchObject({
      code: 'NO_ADAPTER',
      message: `no WebGPU adapter fits "no-such-adapter"; there is ${names.join(' and ')}`,
    });
  });
});
