import { describe, expect, it } from 'vitest';
import { buildModel } from '../../../tools/testing/index.js';
import { evaluateReference, type Tensor } from '../src/index.js';

const scalar = (data: number): Tensor => ({ dataType: 'float32', dims: [], data: Float32Array.of(data) });
const value = (name: string, ...dims: number[]) => ({ name, dataType: 'float32' as const, dims });

describe('evaluation on the CPU', () => {
  it('gives every value under its name, by the branch that the data choose', () => {
    const branch = (opType: string) => ({
      type: 'graph' as const,
      value: { inputs: [], outputs: [value('inner')], nodes: [{ opType, inputs: ['double'], outputs: ['inner'] }] },
    });
    const model = buildModel({
      inputs: [value('x')],
      outputs: [value('y')],
      initializers: [{ name: 'zero', dataType: 'float32', dims: [], data: Float32Array.of(0) }],
      nodes: [
        { opType: 'Add', inputs: ['x', 'x'], outputs: ['double'] },
        { opType: 'Greater', inputs: ['x', 'zero'], outputs: ['positive'] },
        {
          opType: 'If',
          inputs: ['positive'],
          outputs: ['chosen'],
          attributes: { then_branch: branch('Sqrt'), else_branch: branch('Abs') },
        },
        { opType: 'Neg', inputs: ['chosen'], outputs: ['y'] },
      ],
    });
    for (const [x, chosen] of [
      [8, 4],
      [-3, 6],
    ]) {
      const values = evaluateReference(model, { x: scalar(x) });
      const found = ['double', 'chosen', 'y'].map((name) => Array.from(values.get(name)!.data as Float32Array));
      expect(found).toEqual([[2 * x], [chosen], [-chosen]]);
    }
  });

  it('names what it cannot evaluate', () => {
    const nodes = [{ opType: 'Mystery', name: 'odd', inputs: ['x'], outputs: ['y'] }];
    const model = buildModel({ inputs: [value('x')], outputs: [value('y')], nodes });
    expect(() => evaluateReference(model, { x: scalar(1) })).toThrow(/Mystery.*"odd"/);
  });

  it('checks what it is fed', () => {
    const nodes = [{ opType: 'Abs', inputs: ['x'], outputs: ['y'] }];
    const model = buildModel({ inputs: [value('x', 2)], outputs: [value('y', 2)], nodes });
    expect(() => evaluateReference(model, { x: scalar(1) })).toThrow(/input "x" has the shape \[\]/);
  });
});
