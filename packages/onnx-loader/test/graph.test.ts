import { describe, expect, it } from 'vitest';
import type { ModelSpec, NodeSpec } from '../../../tools/testing/index.js';
import { branch, expectRefusal, load, reluModel } from './support.js';

const relu = (input: string, output: string, name?: string): NodeSpec => ({
  opType: 'Relu',
  inputs: [input],
  outputs: [output],
  name,
});

function nodeNames(spec: ModelSpec): string[] {
  return load(spec).graph.nodes.map((node) => node.name);
}

describe('the model', () => {
  it('keeps what the file says of itself', () => {
    const model = load(reluModel({ opset: 17, irVersion: 9, opsets: { custom: 3 }, metadata: { author: 'me' } }));
    expect(model).toMatchObject({ irVersion: 9, producerName: 'tessera-testing', producerVersion: '' });
    expect(model.opsetImports).toEqual(
      new Map([
        ['', 17],
        ['custom', 3],
      ]),
    );
    expect(model.metadata).toEqual(new Map([['author', 'me']]));
  });

  it('takes ai.onnx for the default domain', () => {
    const spec = reluModel({ opsets: { 'ai.onnx': 19 }, opset: 12 });
    const model = load({ ...spec, nodes: [{ ...relu('x', 'y'), domain: 'ai.onnx' }] });
    expect(model.opsetImports).toEqual(new Map([['', 19]]));
    expect(model.graph.nodes[0].domain).toBe('');
  });

  it('needs the default operator set only where it is used', () => {
    const without = { opset: 0, nodes: [{ ...relu('x', 'y'), domain: 'custom' }] };
    expect(load(reluModel(without)).graph.nodes).toHaveLength(1);
    expectRefusal(
      () => load(reluModel({ opset: 0 })),
      /graph 'graph' imports ONNX's operator set 0, but its node 'Relu_0'/,
    );
  });
});

describe('values', () => {
  it('keeps sizes, symbols and unknown dimensions, and says nothing where the file does not', () => {
    const { graph } = load(
      reluModel({
        inputs: [
          { name: 'x', dataType: 'float16', dims: ['N', 3, null, 0] },
          { name: 'scalar', dataType: 'int64', dims: [] },
          { name: 'rankless', dataType: 'bool' },
          { name: 'typeless' },
        ],
        valueInfo: [{ name: 'inner', dataType: 'float32', dims: ['M'] }],
      }),
    );
    expect(graph.inputs).toEqual([
      { name: 'x', type: { kind: 'tensor', dataType: 'float16', dims: ['N', 3, null, 0] } },
      { name: 'scalar', type: { kind: 'tensor', dataType: 'int64', dims: [] } },
      { name: 'rankless', type: { kind: 'tensor', dataType: 'bool' } },
      { name: 'typeless' },
    ]);
    expect(graph.valueInfo.get('inner')?.type).toEqual({ kind: 'tensor', dataType: 'float32', dims: ['M'] });
  });

  it('takes a negative size for an unknown one', () => {
    const { graph } = load(reluModel({ inputs: [{ name: 'x', dataType: 'float32', dims: [-1, 5] }] }));
    expect(graph.inputs[0].type).toMatchObject({ dims: [null, 5] });
  });

  it('reads sequences, optionals, maps and sparse tensors', () => {
    const tensor = { kind: 'tensor', dataType: 'float32', dims: [2] } as const;
    const types = [
      { kind: 'sequence', element: tensor },
      { kind: 'optional', element: { kind: 'sequence', element: tensor } },
      { kind: 'map', key: 'string', value: tensor },
      { kind: 'sparse_tensor', dataType: 'float64', dims: ['N'] },
    ] as const;
    const inputs = types.map((type, i) => ({ name: i === 0 ? 'x' : `x${i}`, type }));
    expect(load(reluModel({ inputs })).graph.inputs).toEqual(inputs);
  });

  it('lists an input that has an initializer, as IR 3 wants it, only as initializer', () => {
    const { graph } = load(
      reluModel({
        irVersion: 3,
        inputs: [
          { name: 'x', dataType: 'float32', dims: [2] },
          { name: 'w', dataType: 'float32', dims: [1] },
        ],
        initializers: [{ name: 'w', dataType: 'float32', dims: [1], data: [4] }],
      }),
    );
    expect(graph.inputs.map((input) => input.name)).toEqual(['x']);
    expect([...graph.initializers.keys()]).toEqual(['w']);
  });
});

describe('nodes', () => {
  it('names nameless nodes and makes taken names unique', () => {
    const nodes = [
      relu('x', 'a'),
      relu('a', 'b', 'Relu_0'),
      relu('b', 'c', 'same'),
      relu('c', 'd', 'same_1'),
      relu('d', 'e', 'same'),
      relu('e', 'y', 'same'),
    ];
    const names = nodeNames(reluModel({ nodes }));
    expect(names).toEqual(['Relu_0_1', 'Relu_0', 'same', 'same_1', 'same_2', 'same_3']);
  });

  it('keeps omitted inputs and outputs', () => {
    const nodes = [{ opType: 'Clip', inputs: ['x', '', 'x'], outputs: ['y', ''] }];
    expect(load(reluModel({ nodes })).graph.nodes[0]).toMatchObject({ inputs: ['x', '', 'x'], outputs: ['y', ''] });
  });

  it('keeps the order of sorted nodes', () => {
    const nodes = [relu('x', 'a', 'late'), relu('x', 'b', 'other'), relu('b', 'c', 'next'), relu('a', 'y', 'end')];
    expect(nodeNames(reluModel({ nodes }))).toEqual(['late', 'other', 'next', 'end']);
  });

  it('sorts unsorted nodes and moves no more than it must', () => {
    const nodes = [relu('c', 'y', 'last'), relu('x', 'a', 'free'), relu('b', 'c', 'second'), relu('x', 'b', 'first')];
    expect(nodeNames(reluModel({ nodes }))).toEqual(['first', 'second', 'last', 'free']);
  });

  it('sorts long chains without running out of stack', () => {
    const length = 30_000;
    const nodes = Array.from({ length }, (_, i) => relu(i === length - 1 ? 'x' : `v${i + 1}`, i === 0 ? 'y' : `v${i}`));
    expect(load(reluModel({ nodes })).graph.nodes[0].inputs).toEqual(['x']);
  });

  it('sorts a node behind what its subgraphs take from outside', () => {
    const choose: NodeSpec = {
      opType: 'If',
      name: 'choose',
      inputs: ['x'],
      outputs: ['y'],
      attributes: {
        then_branch: { type: 'graph', value: branch('a') },
        else_branch: { type: 'graph', value: branch('x') },
      },
    };
    expect(nodeNames(reluModel({ nodes: [choose, relu('x', 'a', 'before')] }))).toEqual(['before', 'choose']);
  });
});

describe('graphs that contradict themselves', () => {
  const refused: readonly (readonly [string, Partial<ModelSpec>, RegExp])[] = [
    [
      'a cycle',
      { nodes: [relu('x', 'y', 'out'), relu('c', 'a', 'one'), relu('a', 'b', 'two'), relu('b', 'c', 'three')] },
      /nodes 'two', 'three', 'one' of graph 'graph' need each other's outputs in a circle/,
    ],
    ['a node that needs itself', { nodes: [relu('y', 'y', 'self')] }, /nodes 'self' of graph 'graph'/],
    [
      'a value nobody makes',
      { nodes: [relu('x', 'y', 'good'), relu('nowhere', 'b', 'bad')] },
      /node 'bad' of graph 'graph' uses the value 'nowhere', which no node, input or initializer makes/,
    ],
    ['an output nobody makes', { nodes: [relu('x', 'z')] }, /graph 'graph' has the output 'y', which no node/],
    [
      'a value made twice',
      { nodes: [relu('x', 'y', 'one'), relu('x', 'y', 'two')] },
      /value 'y' is made twice, by node 'one' and by node 'two'/,
    ],
    ['an input made again', { nodes: [relu('x', 'y'), relu('y', 'x', 'again')] }, /'x' is made twice, by an input/],
    [
      'an initializer made again',
      { initializers: [{ name: 'y', dataType: 'float32', dims: [1], data: [1] }] },
      /'y' is made twice, by an initializer and by node 'Relu_0'/,
    ],
    [
      'an initializer named twice',
      { initializers: [0, 1].map((value) => ({ name: 'w', dataType: 'float32', dims: [1], data: [value] })) },
      /graph 'graph' has the initializer 'w' twice/,
    ],
    [
      'a nameless initializer',
      { initializers: [{ name: '', dataType: 'float32', dims: [], data: [1] }] },
      /an initializer of graph 'graph' has no name/,
    ],
    [
      'a node without operator',
      { nodes: [{ opType: '', name: 'n', inputs: ['x'], outputs: ['y'] }] },
      /'n' .* no operator/,
    ],
  ];
  it.each(refused)('refuses %s', (_, change, message) => {
    expectRefusal(() => load(reluModel(change), { name: 'model.onnx' }), message);
  });

  it('names the file, and cuts endless names short', () => {
    const nodes = [relu('n'.repeat(1_000_000), 'y')];
    expectRefusal(() => load(reluModel({ nodes }), { name: 'model.onnx' }), /^model\.onnx: node .{900,1100}$/);
  });
});

describe('subgraphs', () => {
  const loop = (body: string): NodeSpec => ({
    opType: 'Loop',
    inputs: ['', '', 'x'],
    outputs: ['y'],
    attributes: {
      body: { type: 'graph', value: { ...branch(body), inputs: [{ name: 'state', dataType: 'float32', dims: [1] }] } },
    },
  });

  it('have inputs, initializers and names of their own', () => {
    const { graph } = load(reluModel({ nodes: [loop('state')] }));
    const body = graph.nodes[0].attributes.get('body');
    expect(body).toMatchObject({ type: 'graph', value: { name: 'branch_of_state', inputs: [{ name: 'state' }] } });
  });

  it('may use values of the graphs around them, over any number of levels', () => {
    const wrap = (node: NodeSpec): NodeSpec => ({
      opType: 'If',
      inputs: ['x'],
      outputs: node.outputs,
      attributes: {
        then_branch: { type: 'graph', value: { outputs: [{ name: node.outputs[0] }], nodes: [node] } },
        else_branch: { type: 'graph', value: branch('x') },
      },
    });
    expect(load(reluModel({ nodes: [wrap(wrap(loop('x')))] })).graph.nodes).toHaveLength(1);
    expectRefusal(
      () => load(reluModel({ nodes: [wrap(wrap(loop('nowhere')))] })),
      /node 'Identity_0' of graph 'branch_of_nowhere' uses the value 'nowhere'/,
    );
  });

  it('are not visible from outside', () => {
    const nodes = [loop('state'), relu('state', 'z', 'outside')];
    expectRefusal(() => load(reluModel({ nodes })), /node 'outside' of graph 'graph' uses the value 'state'/);
  });

  it('are refused beyond 64 levels', () => {
    const nest = (levels: number): NodeSpec => ({
      opType: 'If',
      inputs: ['x'],
      outputs: ['y'],
      attributes: {
        then_branch: {
          type: 'graph',
          value: { outputs: [{ name: 'y' }], nodes: [levels === 0 ? relu('x', 'y') : nest(levels - 1)] },
        },
      },
    });
    expect(load(reluModel({ nodes: [nest(63)] })).graph.nodes).toHaveLength(1);
    expectRefusal(() => load(reluModel({ nodes: [nest(64)] })), /subgraphs nest deeper than 64 levels/);
    expectRefusal(() => load(reluModel({ nodes: [nest(300)] })), /subgraphs nest deeper than 64 levels/);
  });
});
