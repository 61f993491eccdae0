import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildModel, type NodeSpec } from '../../../tools/testing/index.js';
import { acquireDevice, createSession, evaluateReference, type Device } from '../src/index.js';

let device: Device;
beforeAll(async () => {
  device = await acquireDevice();
});
afterAll(() => device.dispose());

const dims = [2, 3, 11, 14];
const data = Float32Array.from({ length: 924 }, (_, i) => Math.sin(i * 0.9));
const weights = Float32Array.from({ length: 8 * 3 * 9 }, (_, i) => Math.cos(i * 1.7) / 5);

const conv: NodeSpec = { opType: 'Conv', name: 'conv', inputs: ['x', 'w'], outputs: ['k'] };
const pool: NodeSpec = {
  opType: 'MaxPool',
  name: 'pool',
  inputs: ['k'],
  outputs: ['y'],
  attributes: { kernel_shape: [2, 2], strides: [2, 2] },
};

interface Case {
  readonly nodes: readonly NodeSpec[];
  /** Kernels by node. */
  readonly by: Readonly<Record<string, string>>;
  readonly outputs?: readonly string[];
  readonly isConverted: boolean;
}

const cases: Readonly<Record<string, Case>> = {
  'is read by the first convolution as it came': {
    nodes: [{ ...conv, outputs: ['y'] }],
    by: { conv: 'few-channels' },
    isConverted: false,
  },
  'is read likewise by the kernel that pools what it computes': {
    nodes: [conv, pool],
    by: { pool: 'few-channels-pool' },
    isConverted: false,
  },
  'is converted for a kernel that reads f16 alone': {
    nodes: [{ ...conv, outputs: ['y'] }],
    by: { conv: 'direct' },
    isConverted: true,
  },
  'is converted once where other nodes take it too': {
    nodes: [
      { ...conv, outputs: ['y'] },
      { opType: 'Neg', inputs: ['x'], outputs: ['z'] },
    ],
    by: {},
    outputs: ['y', 'z'],
    isConverted: true,
  },
};

const product: NodeSpec = { opType: 'MatMul', name: 'product', inputs: ['x', 'v'], outputs: ['y'] };
const outputs: Readonly<Record<string, { nodes: readonly NodeSpec[]; outputs: readonly string[]; copies: number }>> = {
  'is stored so by the product that makes it': { nodes: [product], outputs: ['y'], copies: 0 },
  'is converted where another node takes it too': {
    nodes: [product, { opType: 'Neg', inputs: ['y'], outputs: ['z'] }],
    outputs: ['y', 'z'],
    copies: 2,
  },
};

describe('a float32 output of an fp16 session', () => {
  it.each(Object.entries(outputs))('%s', async (_, each) => {
    const model = buildModel({
      inputs: [{ name: 'x', dataType: 'float32', dims: [44, 21] }],
      outputs: each.outputs.map((name) => ({ name, dataType: 'float32' })),
      initializers: [{ name: 'v', dataType: 'float32', dims: [21, 9], data: weights.subarray(0, 189) }],
      nodes: each.nodes,
    });
    const open = createSession(model, { device, precision: 'fp16' });
    if (!device.profile.hasF16) return expect(open).rejects.toMatchObject({ code: 'UNSUPPORTED_DEVICE' });
    const session = await open;
    const wanted = evaluateReference(model, { x: { dataType: 'float32', dims: [44, 21], data } });
    const results = await session.run({ x: data });
    for (const name of each.outputs) {
      const expected = wanted.get(name)!.data as Float32Array;
      (results[name].data as Float32Array).forEach((value, i) => {
        expect(Math.abs(value - expected[i])).toBeLessThan(4e-3);
      });
    }
    const copies = session.report.layers.filter(({ opType }) => opType === 'Copy');
    expect(copies.reduce((sum, { dispatches }) => sum + dispatches, 0)).toBe(each.copies);
    session.dispose();
  });
});

describe('a float32 input of an fp16 session', () => {
  it.each(Object.entries(cases))('%s', async (_, { nodes, by, outputs = ['y'], isConverted }) => {
    const model = buildModel({
      inputs: [{ name: 'x', dataType: 'float32', dims }],
      outputs: outputs.map((name) => ({ name, dataType: 'float32' })),
      initializers: [{ name: 'w', dataType: 'float32', dims: [8, 3, 3, 3], data: weights }],
      nodes,
    });
    const open = createSession(model, { device, precision: 'fp16', algorithms: { nodes: by } });
    if (!device.profile.hasF16) return expect(open).rejects.toMatchObject({ code: 'UNSUPPORTED_DEVICE' });
    const session = await open;
    const wanted = evaluateReference(model, { x: { dataType: 'float32', dims, data } });
    const results = await session.run({ x: data });
    for (const name of outputs) {
      const expected = wanted.get(name)!.data as Float32Array;
      (results[name].data as Float32Array).forEach((value, i) => {
        expect(Math.abs(value - expected[i])).toBeLessThan(4e-3);
      });
    }
    const conversions = session.report.layers.filter(({ opType }) => opType === 'Input');
    expect(conversions.reduce((sum, { dispatches }) => sum + dispatches, 0)).toBe(isConverted ? 1 : 0);
    session.dispose();
  });
});
