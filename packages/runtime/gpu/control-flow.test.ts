import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildModel, type GraphSpec, type ModelSpec, type NodeSpec } from '../../../tools/testing/index.js';
import { acquireDevice, createSession, type Device, type SessionOptions, type Tensor } from '../src/index.js';

let device: Device;
beforeAll(async () => {
  device = await acquireDevice();
});
afterAll(() => device.dispose());

const float = (name: string, dims?: (number | string)[]) => ({ name, dataType: 'float32' as const, dims });
const scalar = (name: string, dataType: 'bool' | 'int64') => ({ name, dataType, dims: [] });
const truth = (name: string) => ({ name, dataType: 'bool' as const, dims: [], data: Uint8Array.of(1) });
const count = (name: string, value: number) => ({
  name,
  dataType: 'int64' as const,
  dims: [],
  data: BigInt64Array.of(BigInt(value)),
});

function open(spec: Partial<ModelSpec> & { nodes: readonly NodeSpec[] }, options: SessionOptions = {}) {
  const inputs = spec.inputs ?? [float('x', [2, 3])];
  const model = buildModel({ ...spec, inputs, outputs: spec.outputs ?? [float('y')] });
  return createSession(model, { device, ...options });
}

const x = (dims: number[]): Tensor => {
  const length = dims.reduce((product, size) => product * size, 1);
  return { dataType: 'float32', dims, data: Float32Array.from({ length }, (_, i) => i + 1) };
};

/** Doubles what it carries and gives it out, while its sum is below 100. */
const doubling: GraphSpec = {
  inputs: [scalar('turn', 'int64'), scalar('go', 'bool'), float('v')],
  outputs: [scalar('more', 'bool'), float('twice'), float('each')],
  initializers: [{ name: 'limit', dataType: 'float32', dims: [], data: Float32Array.of(100) }],
  nodes: [
    { opType: 'Add', inputs: ['v', 'v'], outputs: ['twice'] },
    { opType: 'Identity', inputs: ['twice'], outputs: ['each'] },
    { opType: 'ReduceSum', inputs: ['twice'], outputs: ['sum'], attributes: { keepdims: 0 } },
    { opType: 'Less', inputs: ['sum', 'limit'], outputs: ['more'] },
  ],
};

const loop = (inputs: string[], outputs: string[], body = doubling): NodeSpec => ({
  opType: 'Loop',
  name: 'loop',
  inputs,
  outputs,
  attributes: { body: { type: 'graph', value: body } },
});

describe('a Loop', () => {
  it('turns until its condition falls, and stacks what its body gives', async () => {
    const session = await open({
      nodes: [loop(['', 'true', 'x'], ['v', 'all']), { opType: 'Neg', inputs: ['v'], outputs: ['y'] }],
      initializers: [truth('true')],
      outputs: [float('y'), float('all')],
    });
    const { y, all } = await session.run({ x: x([2, 3]) });
    expect(Array.from(y.data as Float32Array)).toEqual([1, 2, 3, 4, 5, 6].map((value) => -8 * value));
    expect(all.dims).toEqual([3, 2, 3]);
    expect(Array.from((all.data as Float32Array).slice(0, 3))).toEqual([2, 4, 6]);
    const body = session.report.placements.find(({ name }) => name === 'loop/body/Add_0');
    expect(body?.where).toBe('gpu');
    session.dispose();
  });

  it('turns as often as it is told, also never', async () => {
    const session = await open({
      inputs: [float('x', [2, 3]), scalar('n', 'int64')],
      nodes: [loop(['n', '', 'x'], ['y', 'all'])],
      outputs: [float('y'), float('all')],
    });
    const twice = await session.run({ x: x([2, 3]), n: count('n', 2) });
    expect(twice.all.dims).toEqual([2, 2, 3]);
    const never = await session.run({ x: x([2, 3]), n: count('n', 0) });
    expect(never.y.data).toEqual(x([2, 3]).data);
    expect(never.all.dims[0]).toBe(0);
    session.dispose();
  });

  it('without an end is ended, by an error that names it', async () => {
    const body: GraphSpec = {
      inputs: [scalar('turn', 'int64'), scalar('go', 'bool'), float('v')],
      outputs: [scalar('go', 'bool'), float('twice')],
      nodes: [{ opType: 'Add', inputs: ['v', 'v'], outputs: ['twice'] }],
    };
    const spec = { nodes: [loop(['', 'true', 'x'], ['y'], body)], initializers: [truth('true')] };
    const session = await open(spec, { maxIterations: 50 });
    await expect(session.run({ x: x([2, 3]) })).rejects.toThrow(
      'node "loop" (Loop): the loop has not ended after 50 iterations',
    );
    session.dispose();
  });

  it('carries tensors whose shapes change, and values of the graph around it', async () => {
    const body: GraphSpec = {
      inputs: [scalar('turn', 'int64'), scalar('go', 'bool'), float('v')],
      outputs: [scalar('go', 'bool'), float('longer')],
      nodes: [{ opType: 'Concat', inputs: ['v', 'negative'], outputs: ['longer'], attributes: { axis: 0 } }],
    };
    const session = await open({
      nodes: [{ opType: 'Neg', inputs: ['x'], outputs: ['negative'] }, loop(['three', 'true', 'x'], ['y'], body)],
      initializers: [truth('true'), count('three', 3)],
    });
    const { y } = await session.run({ x: x([2, 3]) });
    expect(y.dims).toEqual([8, 3]);
    expect(Array.from((y.data as Float32Array).slice(-3))).toEqual([-4, -5, -6]);
    session.dispose();
  });
});

describe('a Scan', () => {
  it('goes over an axis, forwards and backwards, and carries its state', async () => {
    const body: GraphSpec = {
      inputs: [float('state', [2]), float('column', [2])],
      outputs: [float('sum'), float('given')],
      nodes: [
        { opType: 'Add', inputs: ['state', 'column'], outputs: ['sum'] },
        { opType: 'Identity', inputs: ['sum'], outputs: ['given'] },
      ],
    };
    const scan = (name: string, direction: number): NodeSpec => ({
      opType: 'Scan',
      inputs: ['zero', 'x'],
      outputs: [`${name}Last`, name],
      attributes: {
        body: { type: 'graph', value: body },
        num_scan_inputs: 1,
        scan_input_axes: [1],
        scan_input_directions: [direction],
        scan_output_axes: [1],
        scan_output_directions: [direction],
      },
    });
    const session = await open({
      nodes: [scan('forth', 0), scan('back', 1)],
      outputs: [float('forth'), float('back'), float('forthLast')],
      initializers: [{ name: 'zero', dataType: 'float32', dims: [2], data: new Float32Array(2) }],
    });
    const { forth, back, forthLast } = await session.run({ x: x([2, 3]) });
    expect(Array.from(forth.data as Float32Array)).toEqual([1, 3, 6, 4, 9, 15]);
    expect(Array.from(back.data as Float32Array)).toEqual([6, 5, 3, 15, 11, 6]);
    expect(Array.from(forthLast.data as Float32Array)).toEqual([6, 15]);
    session.dispose();
  });
});

describe('sequences', () => {
  it('are built, taken apart and given back', async () => {
    const session = await open({
      nodes: [
        { opType: 'SplitToSequence', inputs: ['x'], outputs: ['rows'], attributes: { axis: 0, keepdims: 0 } },
        { opType: 'SequenceAt', inputs: ['rows', 'last'], outputs: ['row'] },
        { opType: 'Neg', inputs: ['row'], outputs: ['negative'] },
        { opType: 'SequenceInsert', inputs: ['rows', 'negative'], outputs: ['more'] },
        { opType: 'ConcatFromSequence', inputs: ['more'], outputs: ['y'], attributes: { axis: 0, new_axis: 1 } },
      ],
      initializers: [count('last', -1)],
    });
    const { y } = await session.run({ x: x([2, 3]) });
    expect(y.dims).toEqual([3, 3]);
    expect(Array.from((y.data as Float32Array).slice(-3))).toEqual([-4, -5, -6]);
    const wrong = await open({
      nodes: [
        { opType: 'SequenceConstruct', inputs: ['x'], outputs: ['one'] },
        { opType: 'SequenceAt', name: 'at', inputs: ['one', 'seven'], outputs: ['y'] },
      ],
      initializers: [count('seven', 7)],
    });
    await expect(wrong.run({ x: x([2, 3]) })).rejects.toThrow(
      'node "at" (SequenceAt): position 7 is outside a sequence of 1 tensors',
    );
    wrong.dispose();
    session.dispose();
  });
});

describe('random numbers', () => {
  it('are the same for the same seed, and within their bounds', async () => {
    const number = (value: number) => ({ type: 'float' as const, value });
    const attributes = { low: number(-2), high: number(3), shape: [4, 25], seed: number(7) };
    const session = await open({
      nodes: [{ opType: 'RandomUniform', inputs: [], outputs: ['y'], attributes }],
      inputs: [],
    });
    const first = (await session.run({})).y.data as Float32Array;
    const second = (await session.run({})).y.data as Float32Array;
    expect(first).toEqual(second);
    expect(new Set(first).size).toBeGreaterThan(90);
    expect(first.every((value) => value >= -2 && value < 3)).toBe(true);
    session.dispose();
  });
});

it('leaves no buffer behind', () => {
  expect(device.memory.buffers).toBe(0);
});
