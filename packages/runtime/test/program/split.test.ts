import { describe, expect, it } from 'vitest';
import type { ModelSpec } from '../../../../tools/testing/index.js';
import { specialize } from '../../src/passes/index.js';
import { split, type SplitOptions } from '../../src/program/split.js';
import { understood } from '../passes/graphs.js';

const x = { name: 'x', dataType: 'float32', dims: [3, 5] } as const;
const k = { name: 'k', dataType: 'int64', dims: [1] } as const;
const shape = { name: 'shape', dataType: 'int64', dims: [2] } as const;

function parts(spec: Partial<ModelSpec> & Pick<ModelSpec, 'inputs' | 'nodes'>, options: Partial<SplitOptions> = {}) {
  const outputs = spec.outputs ?? [{ name: 'y', dataType: 'float32' }];
  const graph = specialize(understood({ ...spec, outputs }));
  const found = split(graph, { onHost: new Set(graph.inputs), unknownValues: 'specialize', ...options });
  return {
    segment: found.segment.map((node) => node.opType),
    host: found.host.map(({ node, reason }) => `${node.opType}: ${reason}`),
    later: found.later.map((node) => node.opType),
    wanted: [...found.wanted],
  };
}

describe('split', () => {
  it('leaves a graph whole that has kernels for everything', () => {
    const nodes = [
      { opType: 'Abs', inputs: ['x'], outputs: ['a'] },
      { opType: 'Neg', inputs: ['a'], outputs: ['y'] },
    ];
    expect(parts({ inputs: [x], nodes })).toEqual({ segment: ['Abs', 'Neg'], host: [], later: [], wanted: [] });
  });

  it('cuts after what a node of unknown shape needs', () => {
    const nodes = [
      { opType: 'Relu', inputs: ['x'], outputs: ['a'] },
      { opType: 'NonZero', inputs: ['a'], outputs: ['places'] },
      { opType: 'Cast', inputs: ['places'], outputs: ['y'], attributes: { to: 1 } },
      { opType: 'Neg', inputs: ['x'], outputs: ['z'] },
    ];
    const outputs = [
      { name: 'y', dataType: 'float32' },
      { name: 'z', dataType: 'float32' },
    ] as const;
    expect(parts({ inputs: [x], nodes, outputs })).toEqual({
      segment: ['Relu', 'Neg'],
      host: ['NonZero: the operator has no kernel'],
      later: ['Cast'],
      wanted: [],
    });
  });

  it('names the values that a kernel must know', () => {
    const nodes = [
      { opType: 'Abs', inputs: ['x'], outputs: ['a'] },
      { opType: 'Reshape', inputs: ['a', 'shape'], outputs: ['y'] },
    ];
    expect(parts({ inputs: [x, shape], nodes })).toMatchObject({ later: ['Reshape'], wanted: ['shape'] });
  });

  it('does arithmetic on shapes before any work of the device', () => {
    const nodes = [
      { opType: 'Abs', inputs: ['x'], outputs: ['a'] },
      { opType: 'Add', inputs: ['k', 'k'], outputs: ['twice'] },
      { opType: 'TopK', inputs: ['a', 'twice'], outputs: ['y', 'i'] },
    ];
    expect(parts({ inputs: [x, k], nodes })).toEqual({
      segment: [],
      host: ['Add: shape arithmetic'],
      later: ['Abs', 'TopK'],
      wanted: ['twice'],
    });
  });

  it('leaves nodes to the host whose values change all the time, where it is told to', () => {
    const nodes = [
      { opType: 'Abs', inputs: ['x'], outputs: ['a'] },
      { opType: 'Reshape', inputs: ['a', 'shape'], outputs: ['y'] },
    ];
    expect(parts({ inputs: [x, shape], nodes }, { unknownValues: 'evaluate' })).toEqual({
      segment: ['Abs'],
      host: ['Reshape: the values of "shape" change within the run'],
      later: [],
      wanted: [],
    });
  });

  it('keeps types on the host that the device does not hold', () => {
    const nodes = [{ opType: 'Neg', inputs: ['d'], outputs: ['y'] }];
    const inputs = [{ name: 'd', dataType: 'float64', dims: [2] } as const];
    expect(parts({ inputs, nodes })).toMatchObject({ host: ['Neg: values of type float64 are held on the host'] });
  });
});
