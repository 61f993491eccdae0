import { fromHalf, toHalf } from '@tessera/conv-kernels';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildModel } from '../../../tools/testing/index.js';
import { acquireDevice, createSession, type DataType, type Device, type Session, type Tensor } from '../src/index.js';

let device: Device;
beforeAll(async () => {
  device = await acquireDevice();
});
afterAll(() => device.dispose());

const float32 = 1;

function castModel(dataType: DataType, count: number): Uint8Array {
  return buildModel({
    inputs: [{ name: 'x', dataType, dims: [count] }],
    outputs: [{ name: 'y', dataType: 'float32' }],
    nodes: [{ opType: 'Cast', inputs: ['x'], outputs: ['y'], attributes: { to: float32 } }],
  });
}

/** Counts that fill no whole word, and the ends of each type's range. */
const integers: readonly { dataType: DataType; data: Tensor['data'] }[] = [
  { dataType: 'uint8', data: Uint8Array.of(0, 1, 127, 128, 255, 3, 200) },
  { dataType: 'int8', data: Int8Array.of(-128, -1, 0, 1, 127) },
  { dataType: 'bool', data: Uint8Array.of(1, 0, 1) },
  { dataType: 'uint16', data: Uint16Array.of(0, 1, 32768, 65535, 77) },
  { dataType: 'int16', data: Int16Array.of(-32768, -1, 32767) },
  { dataType: 'int64', data: BigInt64Array.of(-5n, 7n, 1n << 24n) },
];

describe('an input', () => {
  it.each(integers)('of $dataType reaches the GPU as it is', async ({ dataType, data }) => {
    const session = await createSession(castModel(dataType, data.length), { device });
    const { y } = await session.run({ x: { dataType, dims: [data.length], data } });
    expect(Array.from(y.data as Float32Array)).toEqual(Array.from(data as Uint8Array, Number));
    session.dispose();
  });

  it('may be a view into a larger array', async () => {
    const session = await createSession(castModel('uint8', 5), { device });
    const data = Uint8Array.of(9, 9, 9, 1, 2, 3, 4, 5, 9).subarray(3, 8);
    const { y } = await session.run({ x: { dataType: 'uint8', dims: [5], data } });
    expect(Array.from(y.data as Float32Array)).toEqual([1, 2, 3, 4, 5]);
    session.dispose();
  });

  it('of small integers may lie on the GPU, one to a word, between runs that feed it from the host', async () => {
    const identity = buildModel({
      inputs: [{ name: 'x', dataType: 'uint8', dims: [5] }],
      outputs: [{ name: 'y', dataType: 'uint8' }],
      nodes: [{ opType: 'Add', inputs: ['x', 'x'], outputs: ['y'] }],
    });
    const [first, second] = await Promise.all([
      createSession(identity, { device }),
      createSession(castModel('uint8', 5), { device }),
    ]);
    const x: Tensor = { dataType: 'uint8', dims: [5], data: Uint8Array.of(1, 2, 3, 4, 100) };
    const doubled = await first.run({ x }, { location: 'gpu' });
    for (const [feed, wanted] of [
      [doubled.y, [2, 4, 6, 8, 200]],
      [x, [1, 2, 3, 4, 100]],
      [x, [1, 2, 3, 4, 100]],
      [x, [1, 2, 3, 4, 100]],
      [doubled.y, [2, 4, 6, 8, 200]],
      [x, [1, 2, 3, 4, 100]],
    ] as const) {
      const { y } = await second.run({ x: feed });
      expect(Array.from(y.data as Float32Array)).toEqual(wanted);
    }
    doubled.y.dispose();
    first.dispose();
    second.dispose();
  });

  it('of some megabytes arrives whole, run after run', async () => {
    const dims = [3, 1_100_003];
    const data = Float32Array.from({ length: dims[0] * dims[1] }, (_, i) => i % 65_537);
    const model = buildModel({
      inputs: [{ name: 'x', dataType: 'float32', dims }],
      outputs: [{ name: 'y', dataType: 'float32' }],
      nodes: [{ opType: 'Neg', inputs: ['x'], outputs: ['y'] }],
    });
    const session = await createSession(model, { device });
    for (let run = 0; run < 3; run++) {
      const { y } = await session.run({ x: { dataType: 'float32', dims, data } });
      const wrong = (y.data as Float32Array).findIndex((value, i) => value !== -data[i]);
      expect(wrong).toBe(-1);
      data.reverse();
    }
    session.dispose();
  });
});

describe('a staged input', () => {
  const count = 40_000;
  const sum = buildModel({
    inputs: [
      { name: 'a', dataType: 'float32', dims: ['N'] },
      { name: 'b', dataType: 'float32', dims: ['N'] },
    ],
    outputs: [{ name: 'y', dataType: 'float32' }],
    nodes: [{ opType: 'Add', inputs: ['a', 'b'], outputs: ['y'] }],
  });
  const b = { dataType: 'float32', dims: [count], data: new Float32Array(count).fill(1) } as const;

  function filled(session: Session, name: string, value: number): Tensor {
    const tensor = session.stageInput(name, [count]);
    (tensor.data as Float32Array).fill(value);
    return tensor;
  }

  it('is taken by one run, and its memory is used again', async () => {
    const session = await createSession(sum, { device, dims: { N: count } });
    await session.run({ a: filled(session, 'a', 0), b });
    const before = device.memory.buffers;
    for (let i = 1; i < 6; i++) {
      const a = filled(session, 'a', i);
      const { y } = await session.run({ a, b });
      expect(new Set(y.data as Float32Array)).toEqual(new Set([i + 1]));
      expect(a.data.length).toBe(0);
      await expect(session.run({ a, b })).rejects.toThrow(/"a" has 0 elements.*stage it anew/);
    }
    expect(device.memory.buffers).toBe(before);
    session.dispose();
  });

  it('may be given for two inputs at once, but not to two runs', async () => {
    const session = await createSession(sum, { device, dims: { N: count } });
    const a = filled(session, 'a', 3);
    const [first, second] = await Promise.allSettled([session.run({ a, b: a }), session.run({ a, b })]);
    expect(first.status === 'fulfilled' && new Set(first.value.y.data as Float32Array)).toEqual(new Set([6]));
    expect(second).toMatchObject({ status: 'rejected', reason: { code: 'INVALID_INPUT' } });
    session.dispose();
  });

  it('stays where a run is given a part of it, and where it is profiled', async () => {
    const session = await createSession(sum, { device, dims: { N: count } });
    const whole = filled(session, 'a', 2);
    const a = { ...whole, dims: [count - 1], data: (whole.data as Float32Array).subarray(1) };
    const { y } = await session.run({ a, b: a });
    expect(new Set(y.data as Float32Array)).toEqual(new Set([4]));
    await session.profile({ a: whole, b }, { runs: 1 });
    expect(whole.data.length).toBe(count);
    session.dispose();
  });

  it('lies in ordinary memory before the first run, and where the host converts its elements', async () => {
    const session = await createSession(sum, { device });
    const early = filled(session, 'a', 5);
    await session.run({ a: early, b });
    expect(early.data.length).toBe(count);
    session.dispose();
    const wide = await createSession(castModel('int64', count), { device });
    const x = wide.stageInput('x', [count]);
    (x.data as BigInt64Array).fill(9n);
    const { y } = await wide.run({ x });
    expect(new Set(y.data as Float32Array)).toEqual(new Set([9]));
    expect(x.data.length).toBe(count);
    wide.dispose();
  });

  it('and others leave no memory behind of sizes that are wanted no more', async () => {
    const session = await createSession(sum, { device });
    const run = (size: number) => session.run({ a: new Float32Array(size), b: new Float32Array(size) });
    await run(count);
    await run(count + 4);
    const before = device.memory.bytes;
    for (let i = 0; i < 70; i++) await run(count + 4);
    expect(before - device.memory.bytes).toBe(2 * 4 * count);
    session.dispose();
  });

  it('is refused for what is no input, and for another shape', async () => {
    const session = await createSession(castModel('uint8', 5), { device });
    expect(() => session.stageInput('z', [5])).toThrow('the model has no input "z"; its inputs are "x"');
    expect(() => session.stageInput('x', [6])).toThrow('input "x" has the shape [6]; the model takes [5]');
    expect(() => session.stageInput('x', [-1])).toThrow(/sizes are whole numbers/);
    expect(() => session.stageInput('x', '5' as unknown as number[])).toThrow(/is an array of sizes/);
    session.dispose();
    expect(() => session.stageInput('x', [5])).toThrow(/disposed/);
  });
});

it('float32 crosses a program in fp16 rounded once, and comes back as float32', async () => {
  const data = Float32Array.of(1 / 3, -2.0009765625, 1e-3, 65504, 0, -7, 3.14159);
  const model = buildModel({
    inputs: [{ name: 'x', dataType: 'float32', dims: [data.length] }],
    outputs: [{ name: 'y', dataType: 'float32' }],
    nodes: [{ opType: 'Neg', inputs: ['x'], outputs: ['y'] }],
  });
  const open = createSession(model, { device, precision: 'fp16' });
  if (!device.profile.hasF16) return expect(open).rejects.toMatchObject({ code: 'UNSUPPORTED_DEVICE' });
  const session = await open;
  const { y } = await session.run({ x: { dataType: 'float32', dims: [data.length], data } });
  expect(y.dataType).toBe('float32');
  expect(Array.from(y.data as Float32Array)).toEqual(Array.from(data, (value) => -fromHalf(toHalf(value))));
  const onGpu = await session.run({ x: data }, { location: 'gpu' });
  expect(onGpu.y.elementType).toBe('f32');
  const back = await session.run({ x: onGpu.y });
  expect(Array.from(back.y.data as Float32Array)).toEqual(Array.from(data, (value) => fromHalf(toHalf(value))));
  onGpu.y.dispose();
  session.dispose();
});
