import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildModel, type NodeSpec, type TensorSpec } from '../../../tools/testing/index.js';
import { acquireDevice, createSession, evaluateReference, type Device } from '../src/index.js';

let device: Device;
beforeAll(async () => {
  device = await acquireDevice();
});
afterAll(() => device.dispose());

function tensor(name: string, sizes: readonly number[]): TensorSpec {
  const count = sizes.reduce((total, size) => total * size, 1);
  const data = Float32Array.from({ length: count }, (_, i) => Math.sin(i * 1.3 + count));
  return { name, dataType: 'float32', dims: sizes, data };
}

const pool: NodeSpec = { opType: 'GlobalAveragePool', name: 'mean', inputs: ['r'], outputs: ['m'] };
const flatten: NodeSpec = { opType: 'Flatten', inputs: ['m'], outputs: ['f'] };
const product: NodeSpec = {
  opType: 'Gemm',
  name: 'product',
  inputs: ['f', 'w', 'b'],
  outputs: ['y'],
  attributes: { transB: 1 },
};
const weights = [tensor('w', [11, 6]), tensor('b', [11])];

interface Case {
  /** What follows `r`, which lies channels-last. */
  readonly nodes: readonly NodeSpec[];
  readonly constants: readonly TensorSpec[];
  readonly outputs?: readonly string[];
  /** Whether the node `product` can form the means itself. */
  readonly isTogether: boolean;
}

const cases: Readonly<Record<string, Case>> = {
  'through Flatten by Gemm': { nodes: [pool, flatten, product], constants: weights, isTogether: true },
  'by ReduceMean and MatMul, with an activation': {
    nodes: [
      {
        opType: 'ReduceMean',
        name: 'mean',
        inputs: ['r', 'axes'],
        outputs: ['m'],
        attributes: { keepdims: 0 },
      },
      { opType: 'MatMul', name: 'product', inputs: ['m', 'w'], outputs: ['p'] },
      { opType: 'Add', inputs: ['p', 'b'], outputs: ['s'] },
      { opType: 'Sigmoid', inputs: ['s'], outputs: ['y'] },
    ],
    constants: [tensor('w', [6, 9]), tensor('b', [9]), { name: 'axes', dataType: 'int64', dims: [2], data: [-1, 2] }],
    isTogether: true,
  },
  'squeezed and excited by 1x1 convolutions': {
    nodes: [
      pool,
      { opType: 'Conv', name: 'product', inputs: ['m', 'w'], outputs: ['s'] },
      { opType: 'Relu', inputs: ['s'], outputs: ['t'] },
      { opType: 'Conv', inputs: ['t', 'v'], outputs: ['e'] },
      { opType: 'HardSigmoid', inputs: ['e'], outputs: ['g'] },
      { opType: 'Mul', inputs: ['r', 'g'], outputs: ['y'] },
    ],
    constants: [tensor('w', [3, 6, 1, 1]), tensor('v', [6, 3, 1, 1])],
    isTogether: true,
  },
  'over the tokens of a sequence': {
    nodes: [
      { opType: 'Reshape', inputs: ['r', 'shape'], outputs: ['q'] },
      { opType: 'Transpose', inputs: ['q'], outputs: ['t'], attributes: { perm: [0, 2, 1] } },
      {
        opType: 'ReduceMean',
        name: 'mean',
        inputs: ['t', 'axes'],
        outputs: ['f'],
        attributes: { keepdims: 0 },
      },
      product,
    ],
    constants: [
      ...weights,
      { name: 'shape', dataType: 'int64', dims: [3], data: [2, 6, -1] },
      { name: 'axes', dataType: 'int64', dims: [1], data: [1] },
    ],
    isTogether: true,
  },
  'not where the means are an output too': {
    nodes: [pool, flatten, product],
    constants: weights,
    outputs: ['y', 'f'],
    isTogether: false,
  },
  'not where another node takes the means afterwards': {
    nodes: [pool, flatten, product, { opType: 'Neg', inputs: ['m'], outputs: ['z'] }],
    constants: weights,
    outputs: ['y', 'z'],
    isTogether: false,
  },
  'not where the rows are not the means': {
    nodes: [pool, { opType: 'Reshape', inputs: ['m', 'shape'], outputs: ['f'] }, { ...product, inputs: ['f', 'w'] }],
    constants: [tensor('w', [11, 4]), { name: 'shape', dataType: 'int64', dims: [2], data: [3, 4] }],
    isTogether: false,
  },
};

function modelOf({ nodes, constants, outputs = ['y'] }: Case): Uint8Array {
  return buildModel({
    opset: 21,
    inputs: [{ name: 'x', dataType: 'float32', dims: [2, 3, 6, 8] }],
    outputs: outputs.map((name) => ({ name, dataType: 'float32' })),
    initializers: [tensor('c', [6, 3, 2, 2]), ...constants],
    nodes: [
      { opType: 'Conv', inputs: ['x', 'c'], outputs: ['k'] },
      { opType: 'Relu', inputs: ['k'], outputs: ['r'] },
      ...nodes,
    ],
  });
}

describe('means of images and the product that follows', () => {
  it.each(Object.entries(cases))('%s', async (_, each) => {
    const model = modelOf(each);
    const x = tensor('x', [2, 3, 6, 8]).data as Float32Array;
    const wanted = evaluateReference(model, { x: { dataType: 'float32', dims: [2, 3, 6, 8], data: x } });
    for (const isForced of [true, false]) {
      const algorithms = isForced ? { nodes: { product: 'averaged-product' } } : { forbid: ['averaged-product'] };
      const session = await createSession(model, { device, algorithms });
      const results = await session.run({ x });
      for (const name of each.outputs ?? ['y']) {
        const expected = wanted.get(name)!;
        expect(results[name].dims).toEqual(expected.dims);
        (results[name].data as Float32Array).forEach((value, i) => {
          expect(Math.abs(value - (expected.data as Float32Array)[i])).toBeLessThan(1e-4);
        });
      }
      const product = session.report.layers.find(({ name }) => name === 'product')!;
      const isTogether = product.algorithm.startsWith('averaged-product');
      expect(isTogether).toBe(isForced && each.isTogether);
      expect(session.report.layers.some(({ name }) => name === 'mean')).toBe(!isTogether);
      if (isTogether) expect(product.origins).toContain('mean');
      session.dispose();
    }
  });
});
