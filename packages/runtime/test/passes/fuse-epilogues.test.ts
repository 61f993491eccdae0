import { describe, expect, it } from 'vitest';
import { floats, operatorsOf, understood } from './graphs.js';

const y = { name: 'y', dataType: 'float32' } as const;

describe('fuseEpilogues', () => {
  it('gives a matrix product by Gemm the activation that follows it', () => {
    const graph = understood({
      inputs: [{ name: 'x', dataType: 'float32', dims: ['N', 6] }],
      outputs: [y],
      initializers: [floats('w', [6, 4]), floats('b', [4])],
      nodes: [
        { opType: 'Gemm', inputs: ['x', 'w', 'b'], outputs: ['g'] },
        { opType: 'Relu', inputs: ['g'], outputs: ['y'] },
      ],
    });
    expect(operatorsOf(graph)).toEqual(['FusedGemm']);
    expect(graph.nodes[0].inputs).toEqual(['x', 'w', 'b']);
  });

  it('gives a normalization before a convolution its activation, with all its inputs', () => {
    const statistics = ['scale', 'shift', 'mean', 'variance'];
    const graph = understood({
      inputs: [{ name: 'x', dataType: 'float32', dims: ['N', 4, 8, 6] }],
      outputs: [y],
      initializers: statistics.map((name) => floats(name, [4])),
      nodes: [
        { opType: 'BatchNormalization', inputs: ['x', ...statistics], outputs: ['b'] },
        { opType: 'Relu', inputs: ['b'], outputs: ['y'] },
      ],
    });
    expect(operatorsOf(graph)).toEqual(['FusedBatchNormalization']);
    expect(graph.nodes[0].inputs).toEqual(['x', ...statistics]);
  });

  it('leaves an activation alone where its input has another use', () => {
    const graph = understood({
      inputs: [{ name: 'x', dataType: 'float32', dims: ['N', 6] }],
      outputs: [y, { name: 'g', dataType: 'float32' }],
      initializers: [floats('w', [6, 4])],
      nodes: [
        { opType: 'Gemm', inputs: ['x', 'w'], outputs: ['g'] },
        { opType: 'Relu', inputs: ['g'], outputs: ['y'] },
      ],
    });
    expect(operatorsOf(graph)).toEqual(['Gemm', 'Relu']);
  });
});
