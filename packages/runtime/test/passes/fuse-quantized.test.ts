import { loadOnnx } from '@tessera/onnx-loader';
import { describe, expect, it } from 'vitest';
import { buildModel, type NodeSpec } from '../../../../tools/testing/index.js';
import { understand } from '../../src/passes/index.js';

const quantize = (input: string, output: string, scale: string): NodeSpec => ({
  opType: 'QuantizeLinear',
  inputs: [input, scale, 'zero'],
  outputs: [output],
});
const dequantize = (input: string, output: string, scale: string, zero = ''): NodeSpec => ({
  opType: 'DequantizeLinear',
  inputs: zero === '' ? [input, scale] : [input, scale, zero],
  outputs: [output],
  attributes: { axis: 0 },
});

const product: readonly NodeSpec[] = [
  quantize('x', 'xq', 'x_scale'),
  dequantize('xq', 'xf', 'x_scale', 'zero'),
  dequantize('w', 'wf', 'w_scale'),
  dequantize('b', 'bf', 'b_scale'),
  { opType: 'Conv', name: 'conv', inputs: ['xf', 'wf', 'bf'], outputs: ['conv'] },
];

function operators(nodes: readonly NodeSpec[], weightScale: readonly number[] = [0.01]) {
  const float = (name: string, data: readonly number[]) => ({
    name,
    dataType: 'float32' as const,
    dims: [data.length],
    data,
  });
  const model = buildModel({
    opset: 17,
    inputs: [{ name: 'x', dataType: 'float32', dims: [1, 3, 5, 5] }],
    outputs: [{ name: 'y' }],
    initializers: [
      { name: 'x_scale', dataType: 'float32', dims: [], data: [0.5] },
      { name: 'y_scale', dataType: 'float32', dims: [], data: [0.25] },
      { name: 'zero', dataType: 'uint8', dims: [], data: [7] },
      float('w_scale', weightScale),
      float('b_scale', [0.005]),
      { name: 'w', dataType: 'int8', dims: [2, 3, 1, 1], data: [1, -2, 3, 4, -5, 6] },
      { name: 'b', dataType: 'int32', dims: [2], data: [10, -20] },
    ],
    nodes,
  });
  const graph = understand(loadOnnx(model));
  return { graph, types: graph.nodes.map((node) => node.opType) };
}

describe('fuseQuantized', () => {
  it('makes one node of a convolution between DequantizeLinear and QuantizeLinear', () => {
    const { graph, types } = operators([
      ...product,
      quantize('conv', 'q', 'y_scale'),
      dequantize('q', 'y', 'y_scale', 'zero'),
    ]);
    expect(types).toEqual(['QuantizeLinear', 'QuantizedConv', 'DequantizeLinear']);
    const fused = graph.nodes[1];
    expect(fused.inputs.slice(0, 8)).toEqual(['xq', 'x_scale', 'zero', 'w', 'w_scale', '', 'y_scale', 'zero']);
    expect(fused.origins).toContain('conv');
    expect(graph.types.get('q')).toEqual({ dataType: 'uint8', shape: [1, 2, 5, 5] });
  });

  it('takes a Relu along, and gives float32 where nothing quantizes the result', () => {
    const relu: NodeSpec = { opType: 'Relu', inputs: ['conv'], outputs: ['relu'] };
    const whole = operators([
      ...product,
      relu,
      quantize('relu', 'q', 'y_scale'),
      dequantize('q', 'y', 'y_scale', 'zero'),
    ]);
    expect(whole.types).toEqual(['QuantizeLinear', 'QuantizedConv', 'DequantizeLinear']);
    const last = operators([...product, { opType: 'Identity', inputs: ['conv'], outputs: ['y'] }]);
    expect(last.types.slice(0, 2)).toEqual(['QuantizeLinear', 'QuantizedConv']);
    expect(last.graph.types.get('y')?.dataType).toBe('float32');
  });

  it('brings a bias of another scale into steps of the sums', () => {
    const { graph } = operators([...product, quantize('conv', 'y', 'y_scale')], [0.02, 0.04]);
    const bias = graph.constants.get(graph.nodes[1].inputs[8])!;
    expect(bias.tensor).toMatchObject({ dataType: 'int32', data: Int32Array.of(5, -5) });
  });

  it('leaves alone what is not of constant weights', () => {
    const nodes = [...product.slice(0, 2), { opType: 'Conv', inputs: ['xf', 'xf'], outputs: ['conv'] }];
    const { types } = operators([...nodes, quantize('conv', 'y', 'y_scale')]);
    expect(types).toEqual(['QuantizeLinear', 'DequantizeLinear', 'Conv', 'QuantizeLinear']);
  });
});
