import { loadOnnx } from '@tessera/onnx-loader';
import { describe, expect, it } from 'vitest';
import { buildModel, type ModelSpec, type NodeSpec } from '../../../../tools/testing/index.js';
import { understand } from '../../src/passes/index.js';
import { hostTensor } from '../../src/passes/constants.js';
import { floats, operatorsOf } from './graphs.js';

const dims = (...sizes: (number | string)[]) => sizes;
const product: readonly NodeSpec[] = [
  { opType: 'MatMul', name: 'product', inputs: ['x', 'w'], outputs: ['m'] },
  { opType: 'Add', inputs: ['m', 'b'], outputs: ['p'] },
  { opType: 'Transpose', inputs: ['p'], outputs: ['t'], attributes: { perm: [0, 3, 1, 2] } },
];

/** The end of a block of ConvNeXt: a product over channels-last values, its scale and residual over channels-first ones. */
function block(nodes: readonly NodeSpec[], outputs = ['y']): ReturnType<typeof understand> {
  const spec: ModelSpec = {
    inputs: [
      { name: 'x', dataType: 'float32', dims: dims('N', 5, 6, 8) },
      { name: 'r', dataType: 'float32', dims: dims('N', 4, 5, 6) },
    ],
    outputs: outputs.map((name) => ({ name, dataType: 'float32' })),
    initializers: [floats('w', [8, 4]), floats('b', [4]), floats('s', [4, 1, 1]), floats('h', [5, 1])],
    nodes: [...product, ...nodes],
  };
  return understand(loadOnnx(buildModel(spec)));
}

const scale: NodeSpec = { opType: 'Mul', inputs: ['s', 't'], outputs: ['u'] };
const residual: NodeSpec = { opType: 'Add', inputs: ['u', 'r'], outputs: ['y'] };

describe('sinkTransposes', () => {
  it('lets the product take in scale, bias and residual', () => {
    const graph = block([scale, residual]);
    expect(operatorsOf(graph)).toEqual(['Transpose', 'FusedMatMul', 'Transpose']);
    const matrix = graph.constants.get(graph.nodes[1].inputs[1])!;
    const bias = graph.constants.get(graph.nodes[1].inputs[2])!;
    const values = (constant: typeof matrix) => [...(hostTensor(constant).data as Float32Array)];
    const column = (i: number) => (i % 4) + 1;
    expect(values(matrix)).toEqual(Array.from({ length: 32 }, (_, i) => ((i + 1) / 8) * (column(i) / 8)));
    expect(values(bias)).toEqual([1, 4, 9, 16].map((square) => square / 64));
  });

  it('leaves a scale that is not along channels where it can, and the transpose behind it', () => {
    const graph = block([{ opType: 'Mul', inputs: ['t', 'h'], outputs: ['y'] }]);
    expect(operatorsOf(graph)).toEqual(['FusedMatMul', 'Mul', 'Transpose']);
    const constant = graph.constants.get(graph.nodes[1].inputs[1])!;
    expect(constant.tensor.dims).toEqual([1, 5, 1, 1]);
  });

  it('keeps a transposed value that has another use', () => {
    const graph = block([scale, residual], ['y', 't']);
    expect(operatorsOf(graph)).toEqual(['FusedMatMul', 'Transpose', 'Mul', 'Add']);
  });
});
