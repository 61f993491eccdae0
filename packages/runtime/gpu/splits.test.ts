import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildModel, type ModelSpec, type NodeSpec } from '../../../tools/testing/index.js';
import { acquireDevice, createSession, type Device, type Tensor } from '../src/index.js';

const x: Tensor = { dataType: 'float32', dims: [3, 5], data: Float32Array.from({ length: 15 }, (_, i) => (i % 4) - 1) };
const int64 = (...values: number[]): Tensor => ({
  dataType: 'int64',
  dims: [values.length],
  data: BigInt64Array.from(values, BigInt),
});

let device: Device;
beforeAll(async () => {
  device = await acquireDevice();
});
afterAll(() => device.dispose());

const float = (name: string, dims?: (number | string)[]) => ({ name, dataType: 'float32' as const, dims });

function open(spec: Partial<ModelSpec> & { nodes: readonly NodeSpec[] }) {
  const inputs = spec.inputs ?? [float('x', [3, 5])];
  return createSession(buildModel({ ...spec, inputs, outputs: spec.outputs ?? [float('y')] }), { device });
}

const places = (list: readonly { name: string; where: string }[]) => list.map(({ name, where }) => `${name} ${where}`);

describe('a run that the host takes part in', () => {
  it('goes on after a shape that depends on data, for every number of results', async () => {
    const session = await open({
      nodes: [
        { opType: 'Relu', name: 'relu', inputs: ['x'], outputs: ['a'] },
        { opType: 'NonZero', name: 'places', inputs: ['a'], outputs: ['p'] },
        { opType: 'Cast', name: 'cast', inputs: ['p'], outputs: ['f'], attributes: { to: 1 } },
        { opType: 'Neg', name: 'neg', inputs: ['f'], outputs: ['y'] },
      ],
    });
    for (const round of [0, 1, 2]) {
      const data = (x.data as Float32Array).map((value) => (round === 2 ? -1 : value - round));
      const positive = Array.from(data, (value, i) => (value > 0 ? i : -1)).filter((i) => i >= 0);
      const { y } = await session.run({ x: { ...x, data } });
      expect(y.dims).toEqual([2, positive.length]);
      const wanted = [...positive.map((i) => Math.floor(i / 5)), ...positive.map((i) => i % 5)];
      expect(Array.from(y.data as Float32Array, (value) => Math.abs(value))).toEqual(wanted);
    }
    expect(places(session.report.placements)).toEqual(['relu gpu', 'places cpu', 'cast gpu', 'neg gpu']);
    session.dispose();
  });

  it.each([1, 2, 9])('is profiled in %i parts, over all of its programs', async (parts) => {
    const session = await open({
      nodes: [
        { opType: 'Relu', name: 'relu', inputs: ['x'], outputs: ['a'] },
        { opType: 'Exp', name: 'exp', inputs: ['a'], outputs: ['b'] },
        { opType: 'NonZero', name: 'places', inputs: ['a'], outputs: ['p'] },
        { opType: 'Cast', name: 'cast', inputs: ['p'], outputs: ['f'], attributes: { to: 1 } },
        { opType: 'Neg', name: 'neg', inputs: ['f'], outputs: ['y'] },
      ],
      outputs: [float('y'), float('b')],
    });
    const profile = await session.profile({ x }, { runs: 2, parts });
    const steps = profile.layers.reduce((sum, { dispatches }) => sum + dispatches, 0);
    expect(steps).toBeGreaterThanOrEqual(3);
    expect([profile.runs, profile.parts]).toEqual([2, Math.min(parts, steps)]);
    expect(profile.layers.map(({ name }) => name)).toEqual(expect.arrayContaining(['exp', 'neg']));
    expect(profile.layers.every(({ samplesMs }) => samplesMs.length === 2 && samplesMs.every((ms) => ms >= 0))).toBe(
      true,
    );
    expect(profile.timeline.gpu.length).toBe(steps);
    session.dispose();
  });

  it('is profiled where it has nothing on the device', async () => {
    const nodes = [{ opType: 'NonZero', name: 'places', inputs: ['x'], outputs: ['p'] }];
    const session = await open({ nodes, outputs: [{ name: 'p', dataType: 'int64' }] });
    expect(await session.profile({ x }, { runs: 2 })).toMatchObject({ runs: 2, parts: 1, gpuMs: 0, layers: [] });
    session.dispose();
  });

  it('reads values back that decide a shape, and keeps what the device needs there', async () => {
    const session = await open({
      nodes: [
        { opType: 'Abs', name: 'abs', inputs: ['x'], outputs: ['a'] },
        { opType: 'ReduceMax', name: 'max', inputs: ['a'], outputs: ['m'], attributes: { keepdims: 0 } },
        { opType: 'Cast', name: 'cast', inputs: ['m'], outputs: ['k'], attributes: { to: 7 } },
        { opType: 'Unsqueeze', name: 'list', inputs: ['k', 'zero'], outputs: ['ks'] },
        { opType: 'TopK', name: 'top', inputs: ['a', 'ks'], outputs: ['t', 'i'] },
        { opType: 'Neg', name: 'neg', inputs: ['t'], outputs: ['y'] },
      ],
      initializers: [{ name: 'zero', dataType: 'int64', dims: [1], data: BigInt64Array.of(0n) }],
    });
    const { y } = await session.run({ x });
    expect(y.dims).toEqual([3, 2]);
    expect(Array.from(y.data as Float32Array)).toEqual([-2, -1, -2, -1, -2, -1]);
    expect(session.report.placements.every(({ where }) => where === 'gpu')).toBe(true);
    session.dispose();
  });

  it('takes sizes that are fed, and remembers the program for each', async () => {
    const session = await open({
      inputs: [float('x', [3, 5]), { name: 'shape', dataType: 'int64', dims: [2] }],
      nodes: [
        { opType: 'Reshape', inputs: ['x', 'shape'], outputs: ['r'] },
        { opType: 'Relu', inputs: ['r'], outputs: ['y'] },
      ],
    });
    for (const [rows, columns] of [
      [5, 3],
      [1, 15],
      [5, 3],
    ]) {
      const { y } = await session.run({ x, shape: int64(rows, columns) });
      expect(y.dims).toEqual([rows, columns]);
    }
    expect(session.report.placements.map(({ where }) => where)).toEqual(['gpu', 'gpu']);
    session.dispose();
  });

  it('takes a branch by a condition that it computes', async () => {
    const branch = (opType: string, output: string) => ({
      type: 'graph' as const,
      value: { inputs: [], outputs: [float(output)], nodes: [{ opType, inputs: ['a'], outputs: [output] }] },
    });
    const session = await open({
      nodes: [
        { opType: 'Abs', inputs: ['x'], outputs: ['a'] },
        { opType: 'ReduceSum', inputs: ['x'], outputs: ['s'], attributes: { keepdims: 0 } },
        { opType: 'Greater', inputs: ['s', 'zero'], outputs: ['c'] },
        {
          opType: 'If',
          name: 'if',
          inputs: ['c'],
          outputs: ['b'],
          attributes: { then_branch: branch('Sqrt', 't'), else_branch: branch('Neg', 'e') },
        },
        { opType: 'Neg', inputs: ['b'], outputs: ['y'] },
      ],
      initializers: [{ name: 'zero', dataType: 'float32', dims: [], data: Float32Array.of(0) }],
    });
    const positive = await session.run({ x: { ...x, data: new Float32Array(15).fill(4) } });
    expect(new Set(positive.y.data as Float32Array)).toEqual(new Set([-2]));
    const negative = await session.run({ x: { ...x, data: new Float32Array(15).fill(-4) } });
    expect(new Set(negative.y.data as Float32Array)).toEqual(new Set([4]));
    session.dispose();
  });

  it('calculates with float64 on the CPU', async () => {
    const double = (name: string) => ({ name, dataType: 'float64' as const, dims: [2] });
    const session = await open({
      inputs: [double('x')],
      outputs: [double('y')],
      nodes: [{ opType: 'Add', name: 'add', inputs: ['x', 'x'], outputs: ['y'] }],
    });
    const { y } = await session.run({ x: { dataType: 'float64', dims: [2], data: Float64Array.of(1e300, 0.1) } });
    expect(y.data).toEqual(Float64Array.of(2e300, 0.2));
    expect(session.report.placements).toEqual([
      { name: 'add', opType: 'Add', where: 'cpu', reason: 'values of type float64 are held on the host' },
    ]);
    session.dispose();
  });

  it('refuses nodes on the CPU where it is strict, but for arithmetic on shapes', async () => {
    const model = buildModel({
      inputs: [float('x', [3, 5])],
      outputs: [float('y')],
      nodes: [
        { opType: 'NonZero', name: 'places', inputs: ['x'], outputs: ['p'] },
        { opType: 'Cast', inputs: ['p'], outputs: ['y'], attributes: { to: 1 } },
      ],
    });
    await expect(createSession(model, { device, strict: true })).rejects.toThrow(
      'strict: nodes would run on the CPU: "places" (NonZero: the operator has no kernel)',
    );
    const arithmetic = buildModel({
      inputs: [float('x', [3, 5]), { name: 'k', dataType: 'int64', dims: [1] }],
      outputs: [float('y')],
      nodes: [
        { opType: 'Add', inputs: ['k', 'k'], outputs: ['twice'] },
        { opType: 'TopK', inputs: ['x', 'twice'], outputs: ['y', 'i'] },
      ],
    });
    const session = await createSession(arithmetic, { device, strict: true });
    expect((await session.run({ x, k: int64(2) })).y.dims).toEqual([3, 4]);
    session.dispose();
  });

  it('leaves no buffer behind', async () => {
    expect(device.memory.buffers).toBe(0);
  });
});
