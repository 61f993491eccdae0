import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildModel, type AttributeSpec, type NodeSpec, type TensorSpec } from '../../../tools/testing/index.js';
import {
  acquireDevice,
  createSession,
  evaluateReference,
  type AlgorithmOptions,
  type Device,
  type Precision,
} from '../src/index.js';

let device: Device;
beforeAll(async () => {
  device = await acquireDevice();
});
afterAll(() => device.dispose());

const dims = [2, 3, 17, 22];

function tensor(name: string, sizes: readonly number[]): TensorSpec {
  const count = sizes.reduce((total, size) => total * size, 1);
  const data = Float32Array.from({ length: count }, (_, i) => Math.sin(i * 1.3 + count));
  return { name, dataType: 'float32', dims: sizes, data };
}

const conv: readonly NodeSpec[] = [
  {
    opType: 'Conv',
    name: 'conv',
    inputs: ['x', 'w', 'b'],
    outputs: ['k'],
    attributes: { pads: [1, 2, 1, 2], strides: [1, 2] },
  },
  { opType: 'Relu', inputs: ['k'], outputs: ['r'] },
];
const pool = (attributes: Readonly<Record<string, AttributeSpec>>, outputs = ['y']): NodeSpec => ({
  opType: 'MaxPool',
  name: 'pool',
  inputs: ['r'],
  outputs,
  attributes: { kernel_shape: [3, 2], strides: [2, 2], ...attributes },
});

interface Case {
  readonly nodes: readonly NodeSpec[];
  readonly outputs?: readonly string[];
  /** Whether the node `pool` can compute the convolution itself. */
  readonly isTogether: boolean;
}

const cases: Readonly<Record<string, Case>> = {
  'with an activation and padding': { nodes: [pool({ pads: [1, 1, 1, 0] })], isTogether: true },
  'with windows that reach over the end': { nodes: [pool({ ceil_mode: 1 })], isTogether: true },
  'into its window of a concatenation': {
    nodes: [
      pool({}, ['p']),
      { opType: 'Neg', inputs: ['p'], outputs: ['n'] },
      { opType: 'Concat', inputs: ['n', 'p'], outputs: ['y'], attributes: { axis: 1 } },
    ],
    isTogether: true,
  },
  'not where the results are an output too': { nodes: [pool({})], outputs: ['y', 'r'], isTogether: false },
  'not where another node takes the results': {
    nodes: [pool({}), { opType: 'Neg', inputs: ['r'], outputs: ['z'] }],
    outputs: ['y', 'z'],
    isTogether: false,
  },
  'not with dilated windows': { nodes: [pool({ dilations: [2, 1] })], isTogether: false },
  'not where positions are asked for': { nodes: [pool({}, ['y', 'i'])], outputs: ['y', 'i'], isTogether: false },
};

function modelOf({ nodes, outputs = ['y'] }: Case): Uint8Array {
  return buildModel({
    opset: 21,
    inputs: [{ name: 'x', dataType: 'float32', dims }],
    outputs: outputs.map((name) => ({ name, dataType: name === 'i' ? 'int64' : 'float32' })),
    initializers: [tensor('w', [10, 3, 3, 4]), tensor('b', [10])],
    nodes: [...conv, ...nodes],
  });
}

/** Runs a case with the kernel that does both, and without; gives the layers of each. */
async function check(each: Case, precision: Precision, tolerance: number): Promise<void> {
  const model = modelOf(each);
  const x = tensor('x', dims).data as Float32Array;
  const wanted = evaluateReference(model, { x: { dataType: 'float32', dims, data: x } });
  for (const isForced of [true, false]) {
    const algorithms = isForced ? { nodes: { pool: 'few-channels-pool' } } : { forbid: ['few-channels-pool'] };
    const session = await createSession(model, { device, algorithms, precision });
    const results = await session.run({ x });
    for (const name of each.outputs ?? ['y']) {
      const expected = wanted.get(name)!;
      expect(results[name].dims).toEqual(expected.dims);
      const values = expected.data as ArrayLike<number | bigint>;
      (results[name].data as Float32Array).forEach((value, i) => {
        expect(Math.abs(Number(value) - Number(values[i]))).toBeLessThan(tolerance);
      });
    }
    const { layers } = session.report;
    const isTogether = layers.find(({ name }) => name === 'pool')!.algorithm.startsWith('few-channels-pool');
    expect(isTogether).toBe(isForced && each.isTogether);
    expect(layers.some(({ name }) => name === 'conv')).toBe(!isTogether);
    session.dispose();
  }
}

describe('a convolution and the maxima of its windows', () => {
  it.each(Object.entries(cases))('%s', async (_, each) => {
    await check(each, 'fp32', 1e-4);
  });

  it('makes of what is not finite what the two kernels make', async () => {
    // One pixel of the filter, so that no sum adds infinities of both signs.
    const model = buildModel({
      inputs: [{ name: 'x', dataType: 'float32', dims: [1, 1, 9, 11] }],
      outputs: [{ name: 'y', dataType: 'float32' }],
      initializers: [{ name: 'w', dataType: 'float32', dims: [4, 1, 1, 1], data: Float32Array.of(1, -1, 2, -2) }],
      nodes: [
        { opType: 'Conv', name: 'conv', inputs: ['x', 'w'], outputs: ['r'] },
        pool({ kernel_shape: [3, 3], pads: [1, 1, 1, 1] }),
      ],
    });
    const x = Float32Array.from({ length: 99 }, (_, i) => (i < 33 ? -Infinity : i === 60 ? Infinity : i - 80));
    x[75] = NaN;
    const run = async (algorithms: AlgorithmOptions) => {
      const session = await createSession(model, { device, algorithms });
      const { y } = await session.run({ x });
      session.dispose();
      return [...(y.data as Float32Array)];
    };
    const together = await run({ nodes: { pool: 'few-channels-pool' } });
    expect(together).toEqual(await run({ nodes: { conv: 'few-channels', pool: 'apart' } }));
    expect(together).toContain(Infinity);
  });

  it('stored as f16, where the adapter has it', async () => {
    const precision = device.profile.hasF16 ? 'fp16' : 'fp32';
    await check(cases['with an activation and padding'], precision, 2e-2);
  });
});
