import { describe, expect, it } from 'vitest';
import { loadOnnx } from '@tessera/onnx-loader';
import { buildModel, type NodeSpec } from '../../../../tools/testing/index.js';
import { importModel } from '../../src/passes/import-model.js';
import { specialize } from '../../src/passes/index.js';
import { floats, ints, operatorsOf, understood } from './graphs.js';

const image = { name: 'x', dataType: 'float32', dims: ['N', 3, 8, 6] } as const;
const y = { name: 'y', dataType: 'float32' } as const;
const conv: NodeSpec = {
  opType: 'Conv',
  name: 'conv',
  inputs: ['x', 'w'],
  outputs: ['c'],
  attributes: { pads: [1, 1, 1, 1] },
};

describe('understand', () => {
  it('infers shapes with symbols', () => {
    const graph = understood({
      inputs: [image],
      outputs: [y],
      initializers: [floats('w', [4, 3, 3, 3])],
      nodes: [{ ...conv, outputs: ['y'], attributes: { strides: [2, 1] } }],
    });
    expect(graph.types.get('y')).toEqual({ dataType: 'float32', shape: ['N', 4, 3, 4] });
  });

  it('folds shape arithmetic that symbols do not reach, and the rest when sizes are known', () => {
    const graph = understood({
      inputs: [image],
      outputs: [y],
      initializers: [ints('zero', [0]), ints('rest', [-1])],
      nodes: [
        { opType: 'Shape', inputs: ['x'], outputs: ['s'] },
        { opType: 'Gather', inputs: ['s', 'zero'], outputs: ['n'] },
        { opType: 'Concat', inputs: ['n', 'rest'], outputs: ['target'], attributes: { axis: 0 } },
        { opType: 'Reshape', inputs: ['x', 'target'], outputs: ['y'] },
      ],
    });
    expect(graph.types.get('y')?.shape).toEqual(['N', 144]);
    const concrete = specialize(graph, new Map([['N', 5]]));
    expect(operatorsOf(concrete)).toEqual(['Reshape']);
    expect(concrete.types.get('y')?.shape).toEqual([5, 144]);
  });

  it('folds BatchNormalization into the convolution and fuses residual and activation', () => {
    const statistics = ['scale', 'shift', 'mean', 'variance'];
    const graph = understood({
      inputs: [{ ...image, dims: ['N', 4, 8, 6] }],
      outputs: [y],
      initializers: [floats('w', [4, 4, 3, 3]), ...statistics.map((name) => floats(name, [4]))],
      nodes: [
        conv,
        { opType: 'BatchNormalization', inputs: ['c', ...statistics], outputs: ['b'] },
        { opType: 'Add', inputs: ['b', 'x'], outputs: ['a'] },
        { opType: 'Relu', inputs: ['a'], outputs: ['y'] },
      ],
    });
    expect(operatorsOf(graph)).toEqual(['FusedConv']);
    const [fused] = graph.nodes;
    expect(fused.inputs[3]).toBe('x');
    expect(fused.attributes.get('activation')).toEqual({ type: 'string', value: 'relu' });
    expect(fused.origins).toHaveLength(4);
    const bias = graph.constants.get(fused.inputs[2])!.tensor as unknown as { data: Float32Array };
    // gamma = beta = mean = variance = (c + 1) / 8: beta - mean * gamma / sqrt(variance + epsilon).
    const expected = [1, 2, 3, 4].map((v) => v / 8 - ((v / 8) * (v / 8)) / Math.sqrt(v / 8 + 1e-5));
    bias.data.forEach((value, c) => expect(value).toBeCloseTo(expected[c], 6));
  });

  it('keeps a normalization whose convolution has another use', () => {
    const statistics = ['scale', 'shift', 'mean', 'variance'];
    const graph = understood({
      inputs: [{ ...image, dims: ['N', 4, 8, 6] }],
      outputs: [y, { name: 'c', dataType: 'float32' }],
      initializers: [floats('w', [4, 4, 3, 3]), ...statistics.map((name) => floats(name, [4]))],
      nodes: [conv, { opType: 'BatchNormalization', inputs: ['c', ...statistics], outputs: ['y'] }],
    });
    expect(operatorsOf(graph)).toEqual(['Conv', 'BatchNormalization']);
  });

  it('gives the residual of two added convolutions to the later one', () => {
    const graph = understood({
      inputs: [image],
      outputs: [y],
      initializers: [floats('w', [4, 3, 3, 3]), floats('v', [4, 3, 1, 1])],
      nodes: [
        conv,
        { opType: 'Conv', name: 'shortcut', inputs: ['x', 'v'], outputs: ['d'] },
        { opType: 'Add', inputs: ['c', 'd'], outputs: ['a'] },
        { opType: 'Relu', inputs: ['a'], outputs: ['y'] },
      ],
    });
    expect(graph.nodes.map((node) => [node.opType, node.inputs[3]])).toEqual([
      ['Conv', undefined],
      ['FusedConv', 'c'],
    ]);
  });

  it('recognizes SiLU and the erf form of Gelu', () => {
    const scalar = (name: string, value: number) => ({
      name,
      dataType: 'float32' as const,
      dims: [],
      data: Float32Array.of(value),
    });
    const graph = understood({
      inputs: [image],
      outputs: [y],
      initializers: [scalar('root', Math.SQRT2), scalar('one', 1), scalar('half', 0.5)],
      nodes: [
        { opType: 'Sigmoid', inputs: ['x'], outputs: ['s'] },
        { opType: 'Mul', inputs: ['x', 's'], outputs: ['silu'] },
        { opType: 'Div', inputs: ['silu', 'root'], outputs: ['d'] },
        { opType: 'Erf', inputs: ['d'], outputs: ['e'] },
        { opType: 'Add', inputs: ['e', 'one'], outputs: ['p'] },
        { opType: 'Mul', inputs: ['silu', 'p'], outputs: ['q'] },
        { opType: 'Mul', inputs: ['q', 'half'], outputs: ['y'] },
      ],
    });
    expect(operatorsOf(graph)).toEqual(['Silu', 'Gelu']);
  });

  it('fuses the bias of a matrix product', () => {
    const graph = understood({
      inputs: [{ name: 'x', dataType: 'float32', dims: ['N', 7, 6] }],
      outputs: [y],
      initializers: [floats('w', [6, 5]), floats('b', [5])],
      nodes: [
        { opType: 'MatMul', inputs: ['x', 'w'], outputs: ['m'] },
        { opType: 'Add', inputs: ['b', 'm'], outputs: ['y'] },
      ],
    });
    expect(graph.nodes.map((node) => [node.opType, ...node.inputs])).toEqual([['FusedMatMul', 'x', 'w', 'b', '']]);
  });

  it('drops dead nodes, identities and dropout', () => {
    const graph = understood({
      inputs: [image],
      outputs: [y],
      nodes: [
        { opType: 'Identity', inputs: ['x'], outputs: ['i'] },
        { opType: 'Dropout', inputs: ['i'], outputs: ['d'] },
        { opType: 'Exp', inputs: ['d'], outputs: ['unused'] },
        { opType: 'Abs', inputs: ['d'], outputs: ['y'] },
      ],
    });
    expect(graph.nodes.map((node) => [node.opType, ...node.inputs])).toEqual([['Abs', 'x']]);
  });

  it('makes explicit the broadcasting that attributes of operator sets before 7 state', () => {
    const graph = understood({
      opset: 6,
      inputs: [image],
      outputs: [y],
      initializers: [floats('bias', [3]), floats('slope', [3])],
      nodes: [
        { opType: 'Add', inputs: ['x', 'bias'], outputs: ['a'], attributes: { broadcast: 1, axis: 1 } },
        { opType: 'PRelu', inputs: ['a', 'slope'], outputs: ['y'] },
      ],
    });
    expect(operatorsOf(graph)).toEqual(['Add', 'PRelu']);
    expect(graph.types.get(graph.nodes[0].inputs[1])?.shape).toEqual([3, 1, 1]);
    expect(graph.types.get('y')?.shape).toEqual(['N', 3, 8, 6]);
    expect(operatorsOf(specialize(graph, new Map([['N', 2]])))).toEqual(['Add', 'PRelu']);
  });

  it('names every unknown operator in one error', () => {
    const nodes = [
      { opType: 'Frobnicate', name: 'a', inputs: ['x'], outputs: ['t'] },
      { opType: 'Frobnicate', name: 'b', inputs: ['t'], outputs: ['u'] },
      { opType: 'Twist', domain: 'org.example', name: 'c', inputs: ['u'], outputs: ['y'] },
    ];
    const model = { inputs: [image], outputs: [y], opsets: { 'org.example': 3 }, nodes };
    expect(() => understood(model)).toThrow(
      'operators not supported: Frobnicate (opset 21, 2x, first "a"), org.example.Twist (opset 3, 1x, first "c")',
    );
  });
});

describe('importModel', () => {
  it('inlines functions with their attributes, defaults and inner names', () => {
    const scale: NodeSpec = {
      opType: 'LeakyRelu',
      inputs: ['a'],
      outputs: ['t'],
      attributes: { alpha: { type: 'reference', attribute: 'slope' } },
    };
    const bytes = buildModel({
      inputs: [image],
      outputs: [y],
      opsets: { local: 1 },
      functions: [
        {
          name: 'Leak',
          domain: 'local',
          inputs: ['a'],
          outputs: ['b'],
          attributeDefaults: { slope: { type: 'float', value: 0.25 } },
          nodes: [scale, { opType: 'Neg', inputs: ['t'], outputs: ['b'] }],
        },
      ],
      nodes: [
        { opType: 'Leak', domain: 'local', name: 'f', inputs: ['x'], outputs: ['m'] },
        { opType: 'Leak', domain: 'local', name: 'g', inputs: ['m'], outputs: ['y'], attributes: { slope: 0.5 } },
      ],
    });
    const { nodes } = importModel(loadOnnx(bytes));
    expect(nodes.map((node) => [node.opType, node.inputs, node.outputs])).toEqual([
      ['LeakyRelu', ['x'], ['f/t']],
      ['Neg', ['f/t'], ['m']],
      ['LeakyRelu', ['m'], ['g/t']],
      ['Neg', ['g/t'], ['y']],
    ]);
    expect(nodes.filter((n) => n.opType === 'LeakyRelu').map((n) => n.attributes.get('alpha'))).toEqual([
      { type: 'float', value: 0.25 },
      { type: 'float', value: 0.5 },
    ]);
  });
});
