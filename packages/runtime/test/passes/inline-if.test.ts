import { describe, expect, it } from 'vitest';
import type { ModelSpec, NodeSpec } from '../../../../tools/testing/index.js';
import { specialize } from '../../src/passes/index.js';
import { floats, ints, operatorsOf, understood } from './graphs.js';

const output = { name: 'y', dataType: 'float32' } as const;

/** If `condition`, y = Relu(-x + w), else y = x. */
function choice(condition: string): NodeSpec {
  return {
    opType: 'If',
    name: 'choice',
    inputs: [condition],
    outputs: ['y'],
    attributes: {
      then_branch: {
        type: 'graph',
        value: {
          inputs: [],
          outputs: [{ name: 'r', dataType: 'float32' }],
          initializers: [floats('w', [6])],
          nodes: [
            { opType: 'Neg', name: 'neg', inputs: ['h'], outputs: ['n'] },
            { opType: 'Add', name: 'add', inputs: ['n', 'w'], outputs: ['s'] },
            { opType: 'Relu', name: 'relu', inputs: ['s'], outputs: ['r'] },
          ],
        },
      },
      else_branch: {
        type: 'graph',
        value: { inputs: [], outputs: [{ name: 'h', dataType: 'float32' }], nodes: [] },
      },
    },
  };
}

const model = (nodes: readonly NodeSpec[], more: Partial<ModelSpec> = {}): ModelSpec => ({
  inputs: [{ name: 'x', dataType: 'float32', dims: ['N', 6] }],
  outputs: [output],
  nodes: [{ opType: 'Abs', inputs: ['x'], outputs: ['h'] }, ...nodes],
  ...more,
});

/** True where N is 3. */
const onSize = model(
  [
    { opType: 'Shape', inputs: ['x'], outputs: ['shape'], attributes: { end: 1 } },
    { opType: 'Equal', inputs: ['shape', 'three'], outputs: ['isThree'] },
    choice('isThree'),
  ],
  { initializers: [ints('three', [3])] },
);

describe('An If', () => {
  it.each([
    [1, ['Abs', 'Neg', 'Add', 'Relu', 'Identity']],
    [0, ['Abs', 'Identity']],
  ])('whose condition is the constant %i gives way to a branch', (value, expected) => {
    const condition = { name: 'c', dataType: 'bool' as const, dims: [], data: Uint8Array.of(value) };
    const graph = understood(model([choice('c')], { initializers: [condition] }));
    expect(operatorsOf(graph)).toEqual(expected);
    expect(graph.types.get('y')).toEqual({ dataType: 'float32', shape: ['N', 6] });
  });

  it('waits for the sizes that its condition hangs on', () => {
    const graph = understood(onSize);
    expect(operatorsOf(graph)).toContain('If');
    const inlined = specialize(graph, new Map([['N', 3]]));
    expect(operatorsOf(inlined)).toEqual(['Abs', 'Neg', 'Add', 'Relu', 'Identity']);
    expect(inlined.nodes.map((node) => node.name).slice(1, 4)).toEqual([
      'choice/then_branch/neg',
      'choice/then_branch/add',
      'choice/then_branch/relu',
    ]);
    expect(operatorsOf(specialize(graph, new Map([['N', 4]])))).toEqual(['Abs', 'Identity']);
  });

  it('stays where its condition depends on data', () => {
    const input = { name: 'c', dataType: 'bool' as const, dims: [] };
    const graph = understood(
      model([choice('c')], { inputs: [{ name: 'x', dataType: 'float32', dims: [2, 6] }, input] }),
    );
    expect(operatorsOf(specialize(graph))).toEqual(['Abs', 'If']);
  });
});
