import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildModel, type NodeSpec, type TensorSpec } from '../../../tools/testing/index.js';
import { acquireDevice, createSession, evaluateReference, type Device } from '../src/index.js';

let device: Device;
beforeAll(async () => {
  device = await acquireDevice();
});
afterAll(() => device.dispose());

const conv = (name: string, input: string, [to, from]: readonly [number, number]) => ({
  weights: {
    name: `${name}.w`,
    dataType: 'float32' as const,
    dims: [to, from, 3, 3],
    data: Float32Array.from({ length: to * from * 9 }, (_, i) => Math.sin(i * 1.1 + to) / 3),
  },
  node: {
    opType: 'Conv',
    name,
    inputs: [input, `${name}.w`],
    outputs: [name],
    attributes: { pads: [1, 1, 1, 1] },
  },
});
const concat = (inputs: string[], output: string, axis = 1): NodeSpec => ({
  opType: 'Concat',
  inputs,
  outputs: [output],
  attributes: { axis },
});

interface Case {
  readonly nodes: readonly (NodeSpec | ReturnType<typeof conv>)[];
  /** Dispatches that copy. */
  readonly copies: number;
}

const cases: Readonly<Record<string, Case>> = {
  'of convolutions alone copies nothing': {
    nodes: [conv('a', 'x', [5, 3]), conv('b', 'x', [4, 3]), concat(['a', 'b'], 'c'), conv('y', 'c', [2, 9])],
    copies: 0,
  },
  'that adds to another one is made beside it': {
    nodes: [
      conv('a', 'x', [5, 3]),
      conv('b', 'a', [4, 5]),
      concat(['a', 'b'], 'c'),
      conv('d', 'c', [8, 9]),
      conv('e', 'd', [3, 8]),
      concat(['a', 'b', 'e'], 'f'),
      conv('y', 'f', [2, 12]),
    ],
    // `b` reads the buffer that `a` lies in, so it is made apart and copied into both.
    copies: 2,
  },
  'of a value twice, and of the input': {
    nodes: [conv('a', 'x', [4, 3]), concat(['a', 'x', 'a'], 'c'), conv('y', 'c', [2, 11])],
    copies: 1,
  },
  'of a value and a view of it': {
    nodes: [
      conv('a', 'x', [4, 3]),
      { opType: 'Transpose', inputs: ['a'], outputs: ['t'], attributes: { perm: [1, 0, 2, 3] } },
      { opType: 'Transpose', inputs: ['t'], outputs: ['u'], attributes: { perm: [1, 0, 2, 3] } },
      conv('b', 'u', [2, 4]),
      concat(['a', 'b', 'u'], 'c'),
      conv('y', 'c', [2, 10]),
    ],
    // `b` reads the buffer that holds `a`, and `u` is copied out of it first.
    copies: 2,
  },
  'along height, of pooled values': {
    nodes: [
      conv('a', 'x', [4, 3]),
      { opType: 'MaxPool', inputs: ['a'], outputs: ['p'], attributes: { kernel_shape: [2, 2], strides: [2, 2] } },
      { opType: 'AveragePool', inputs: ['a'], outputs: ['q'], attributes: { kernel_shape: [2, 2], strides: [2, 2] } },
      concat(['p', 'q'], 'c', 2),
      conv('y', 'c', [3, 4]),
    ],
    copies: 0,
  },
  'of fused activations copies nothing': {
    nodes: [
      conv('a', 'x', [4, 3]),
      conv('b', 'x', [3, 3]),
      { opType: 'Relu', inputs: ['b'], outputs: ['r'] },
      concat(['a', 'r'], 'y'),
    ],
    copies: 0,
  },
};

describe('a concatenation', () => {
  it.each(Object.entries(cases))('%s', async (_, { nodes, copies }) => {
    const initializers: TensorSpec[] = nodes.flatMap((each) => ('node' in each ? [each.weights] : []));
    const model = buildModel({
      inputs: [{ name: 'x', dataType: 'float32', dims: [2, 3, 6, 5] }],
      outputs: [{ name: 'y', dataType: 'float32' }],
      initializers,
      nodes: nodes.map((each) => ('node' in each ? each.node : each)),
    });
    const data = Float32Array.from({ length: 180 }, (_, i) => Math.cos(i * 0.7));
    const wanted = evaluateReference(model, { x: { dataType: 'float32', dims: [2, 3, 6, 5], data } });
    const session = await createSession(model, { device });
    const { y } = await session.run({ x: data });
    const expected = wanted.get('y')!;
    expect(y.dims).toEqual(expected.dims);
    (y.data as Float32Array).forEach((value, i) => {
      expect(Math.abs(value - (expected.data as Float32Array)[i])).toBeLessThan(1e-4);
    });
    const dispatches = session.report.layers.filter(({ opType }) => opType === 'Concat');
    expect(dispatches.reduce((sum, layer) => sum + layer.dispatches, 0)).toBe(copies);
    session.dispose();
  });
});
