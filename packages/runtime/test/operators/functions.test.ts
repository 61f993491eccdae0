import { loadOnnx } from '@tessera/onnx-loader';
import { describe, expect, it } from 'vitest';
import { buildModel, type AttributeSpec, type NodeSpec } from '../../../../tools/testing/index.js';
import { hostTensor } from '../../src/passes/constants.js';
import { understand } from '../../src/passes/index.js';
import { findFunction } from '../../src/operators/index.js';
import { toNumbers } from '../../src/operators/numbers.js';

interface Constant {
  readonly name: string;
  readonly dims: readonly number[];
}

/** The value of output "y" of nodes over constants: numbers that rise in steps of 1/8 and wrap. */
function folded(constants: readonly Constant[], nodes: readonly NodeSpec[]) {
  const initializers = constants.map(({ name, dims }, i) => {
    const count = dims.reduce((total, size) => total * size, 1);
    const data = Float32Array.from({ length: count }, (_, k) => (((k + 3 * i) * 5) % 17) / 8 - 1);
    return { name, dataType: 'float32' as const, dims, data };
  });
  const opsets = { 'com.microsoft': 1 };
  const graph = understand(loadOnnx(buildModel({ opset: 17, opsets, initializers, nodes, outputs: [{ name: 'y' }] })));
  const tensor = hostTensor(graph.constants.get('y')!);
  return { dims: tensor.dims, values: Array.from(toNumbers(tensor)) };
}

const weights = [
  { name: 'w', dims: [4, 3, 3, 2] },
  { name: 'b', dims: [4] },
];
const attributes: Readonly<Record<string, AttributeSpec>> = { pads: [1, 0, 1, 1], strides: [1, 2] };

describe('Functions', () => {
  it.each(['NhwcConv', 'NhwcFusedConv'])('%s is Conv between transpositions', (opType) => {
    const last = folded(
      [{ name: 'x', dims: [1, 5, 6, 3] }, ...weights],
      [{ opType, domain: 'com.microsoft', inputs: ['x', 'w', 'b'], outputs: ['y'], attributes }],
    );
    const first = folded(
      [{ name: 'x', dims: [1, 5, 6, 3] }, ...weights],
      [
        { opType: 'Transpose', inputs: ['x'], outputs: ['first'], attributes: { perm: [0, 3, 1, 2] } },
        { opType: 'Conv', inputs: ['first', 'w', 'b'], outputs: ['z'], attributes },
        { opType: 'Transpose', inputs: ['z'], outputs: ['y'], attributes: { perm: [0, 2, 3, 1] } },
      ],
    );
    expect(last).toEqual(first);
    expect(last.dims).toEqual([1, 5, 3, 4]);
  });

  it('names the activation that a fused operator does not know', () => {
    const node = {
      opType: 'FusedConv',
      domain: 'com.microsoft',
      name: 'conv',
      inputs: ['x', 'w'],
      outputs: ['y'],
      attributes: { activation: 'Wave' },
    };
    expect(() => folded([{ name: 'x', dims: [1, 3, 5, 6] }, ...weights], [node])).toThrow(
      'node "conv" (FusedConv): activation "Wave" is not one of Clip, Relu',
    );
  });

  it('are found by domain, and from their version on', () => {
    expect(findFunction('com.microsoft', 'QLinearConv', 1)).toBeDefined();
    expect(findFunction('', 'QLinearConv', 9)).toBeUndefined();
    expect(findFunction('', 'QLinearConv', 21)).toBeDefined();
  });
});
