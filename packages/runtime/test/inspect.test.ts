import { describe, expect, it } from 'vitest';
import { buildModel } from '../../../tools/testing/index.js';
import { inspectModel } from '../src/index.js';

const zeros = (name: string, ...dims: number[]) => ({
  name,
  dataType: 'float32' as const,
  dims,
  data: new Float32Array(dims.reduce((a, b) => a * b, 1)),
});

const value = (name: string, ...dims: (number | string)[]) => ({ name, dataType: 'float32' as const, dims });

describe('multiply-adds equal those counted by hand', () => {
  const model = buildModel({
    inputs: [value('x', 'N', 4, 11, 9)],
    outputs: [value('y', 'N', 10)],
    initializers: [zeros('w1', 8, 4, 3, 3), zeros('w2', 8, 1, 5, 3), zeros('w3', 8, 6, 2, 2), zeros('w4', 10, 6)],
    nodes: [
      { opType: 'Conv', inputs: ['x', 'w1'], outputs: ['a'], attributes: { strides: [2, 1], pads: [1, 1, 1, 1] } },
      { opType: 'Conv', inputs: ['a', 'w2'], outputs: ['b'], attributes: { group: 8 } },
      { opType: 'Relu', inputs: ['b'], outputs: ['c'] },
      { opType: 'ConvTranspose', inputs: ['c', 'w3'], outputs: ['d'], attributes: { strides: [2, 2] } },
      { opType: 'GlobalAveragePool', inputs: ['d'], outputs: ['e'] },
      { opType: 'Flatten', inputs: ['e'], outputs: ['f'] },
      { opType: 'Gemm', inputs: ['f', 'w4'], outputs: ['y'], attributes: { transB: 1 } },
    ],
  });
  // Conv to 8x6x9 of 4*3*3 each; depthwise to 8x2x7 of 5*3; transposed: 8x2x7 inputs to 6*2*2 each; 10 sums of 6.
  const macs = [8 * 6 * 9 * 36, 8 * 2 * 7 * 15, 0, 8 * 2 * 7 * 24, 0, 0, 60];
  const total = macs.reduce((a, b) => a + b);

  it('by node, by operator and in all, for any batch', () => {
    for (const N of [1, 3]) {
      const { nodes, operators, macs: all, uncounted } = inspectModel(model, { dims: { N } });
      expect(nodes.map((node) => node.macs)).toEqual(macs.map((count) => count * N));
      expect([all, uncounted]).toEqual([total * N, 0]);
      expect(operators.map(({ opType, count, macs: sum }) => [opType, count, sum / N])).toEqual([
        ['Conv', 2, macs[0] + macs[1]],
        ['ConvTranspose', 1, macs[3]],
        ['Flatten', 1, 0],
        ['Gemm', 1, macs[6]],
        ['GlobalAveragePool', 1, 0],
        ['Relu', 1, 0],
      ]);
    }
  });

  it('and the arithmetic of the layers that would run is twice that', () => {
    const { plan } = inspectModel(model);
    expect(plan!.layers.reduce((sum, layer) => sum + layer.flops, 0)).toBeGreaterThanOrEqual(2 * total);
    expect(plan!.layers[0]).toMatchObject({ opType: 'Conv', flops: 2 * macs[0] });
  });

  it('of matrix products, sums of products, recurrences and attention', () => {
    const { nodes } = inspectModel(
      buildModel({
        inputs: [value('x', 5, 2, 6), value('q', 2, 3, 7, 4), value('k', 2, 3, 9, 4), value('v', 2, 3, 9, 5)],
        outputs: [value('h'), value('m'), value('e'), value('o')],
        initializers: [zeros('w', 1, 32, 6), zeros('r', 1, 32, 8), zeros('b', 6, 10)],
        opsets: { '': 23 },
        nodes: [
          { opType: 'LSTM', inputs: ['x', 'w', 'r'], outputs: ['h'], attributes: { hidden_size: 8 } },
          { opType: 'MatMul', inputs: ['x', 'b'], outputs: ['m'] },
          {
            opType: 'Einsum',
            inputs: ['q', 'k'],
            outputs: ['e'],
            attributes: { equation: '...id,...jd->...ij' },
          },
          { opType: 'Attention', inputs: ['q', 'k', 'v'], outputs: ['o'] },
        ],
      }),
    );
    const wanted = [5 * 2 * (32 * 6 + 32 * 8), 5 * 2 * 6 * 10, 6 * 7 * 9 * 4, 6 * 7 * 9 * (4 + 5)];
    expect(nodes.map((node) => node.macs)).toEqual(wanted);
  });
});

describe('a model that the host takes part in', () => {
  const x = value('x', 3, 4);

  it('is said to run by stages, with the node', () => {
    const { plan, staged, refusal } = inspectModel(
      buildModel({
        inputs: [x],
        outputs: [{ name: 'y', dataType: 'int64' }],
        nodes: [
          { opType: 'Relu', inputs: ['x'], outputs: ['a'] },
          { opType: 'NonZero', name: 'where', inputs: ['a'], outputs: ['y'] },
        ],
      }),
    );
    expect([plan, refusal]).toEqual([undefined, undefined]);
    expect(staged).toBe('node "where" (NonZero) runs on the host: the operator has no kernel');
  });

  it('is said to wait for an input that decides shapes', () => {
    const { plan, staged, refusal } = inspectModel(
      buildModel({
        inputs: [x, { name: 'shape', dataType: 'int64', dims: [2] }],
        outputs: [value('y')],
        nodes: [{ opType: 'Reshape', inputs: ['x', 'shape'], outputs: ['y'] }],
      }),
    );
    expect([plan, refusal]).toEqual([undefined, undefined]);
    expect(staged).toBe('values of the inputs decide shapes');
  });

  it('is said to wait for values that the GPU makes', () => {
    const { staged } = inspectModel(
      buildModel({
        inputs: [x],
        outputs: [value('y')],
        initializers: [{ name: 'axis', dataType: 'int64', dims: [1], data: BigInt64Array.of(0n) }],
        nodes: [
          { opType: 'ReduceMax', inputs: ['x', 'axis'], outputs: ['m'], attributes: { keepdims: 0 } },
          { opType: 'Cast', inputs: ['m'], outputs: ['shape'], attributes: { to: 7 } },
          { opType: 'Reshape', inputs: ['x', 'shape'], outputs: ['y'] },
        ],
      }),
    );
    expect(staged).toBe('values that only a run tells decide shapes');
  });
});

describe('a model that cannot run', () => {
  const model = buildModel({
    inputs: [value('x', 2, 3, 8, 8)],
    outputs: [value('z', 2, 4, 8, 8), value('t')],
    valueInfo: [value('y', 2, 5, 8, 8)],
    initializers: [zeros('w', 4, 5, 1, 1)],
    opsets: { '': 21, 'some.domain': 3 },
    nodes: [
      { opType: 'Mystery', domain: 'some.domain', name: 'odd', inputs: ['x'], outputs: ['y'] },
      { opType: 'Conv', inputs: ['y', 'w'], outputs: ['z'] },
      { opType: 'Mystery', domain: 'some.domain', inputs: ['z'], outputs: ['s'] },
      { opType: 'MatMul', inputs: ['s', 's'], outputs: ['t'] },
    ],
  });

  it('is described as far as the file says', () => {
    const { nodes, operators, opsets, parameters, parameterBytes, uncounted, plan, refusal } = inspectModel(model);
    expect(opsets).toEqual({ 'ai.onnx': 21, 'some.domain': 3 });
    expect([parameters, parameterBytes]).toEqual([20, 80]);
    expect(operators[0]).toMatchObject({ opType: 'Mystery', domain: 'some.domain', count: 2, isKnown: false });
    expect(nodes[0]).toMatchObject({ name: 'odd', problem: expect.stringContaining('some.domain.Mystery (opset 3)') });
    expect(nodes[1]).toMatchObject({ macs: 4 * 5 * 2 * 64, outputs: [{ name: 'z', shape: [2, 4, 8, 8] }] });
    expect(nodes[3].macs).toBeUndefined();
    expect(uncounted).toBe(1);
    expect(plan).toBeUndefined();
    expect(refusal).toContain('Mystery');
  });

  it('names a node whose inputs contradict it', () => {
    const wrong = buildModel({
      inputs: [value('x', 2, 3)],
      outputs: [value('y')],
      initializers: [zeros('b', 4, 5)],
      nodes: [{ opType: 'MatMul', name: 'bad', inputs: ['x', 'b'], outputs: ['y'] }],
    });
    const { nodes, refusal } = inspectModel(wrong);
    expect(nodes[0].problem).toContain('bad');
    expect(refusal).toBe(nodes[0].problem);
  });

  it('is refused where it is no model at all', () => {
    expect(() => inspectModel(new Uint8Array(0))).toThrow(/not an ONNX file/);
  });
});
