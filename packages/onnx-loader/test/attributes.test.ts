import { describe, expect, it } from 'vitest';
import { loadOnnx, readTensor } from '@tessera/onnx-loader';
import type { Attribute } from '@tessera/onnx-loader';
import { decodeModel, encodeModel } from '@tessera/onnx-loader/schema';
import type { AttributeMessage } from '@tessera/onnx-loader/schema';
import { buildModel } from '../../../tools/testing/index.js';
import type { AttributeSpec } from '../../../tools/testing/index.js';
import { branch, expectRefusal, load, reluModel } from './support.js';

function roundTrip(value: AttributeSpec): Attribute {
  const nodes = [{ opType: 'Relu', inputs: ['x'], outputs: ['y'], attributes: { value } }];
  return load(reluModel({ nodes })).graph.nodes[0].attributes.get('value')!;
}

/** Loads a model whose only node has these attribute messages. */
function withAttributes(...attribute: AttributeMessage[]) {
  const message = decodeModel(buildModel(reluModel()));
  message.graph!.node![0].attribute = attribute;
  return () => loadOnnx(encodeModel(message)).graph.nodes[0].attributes;
}

describe('attributes', () => {
  it.each<[AttributeSpec, Attribute]>([
    [1.5, { type: 'float', value: 1.5 }],
    [
      { type: 'float', value: 2 },
      { type: 'float', value: 2 },
    ],
    [-7, { type: 'int', value: -7 }],
    [
      { type: 'int', value: 0 },
      { type: 'int', value: 0 },
    ],
    [2 ** 53 - 1, { type: 'int', value: 2 ** 53 - 1 }],
    [-(2n ** 63n), { type: 'int', value: -(2 ** 63) }],
    [2n ** 63n - 1n, { type: 'int', value: 2 ** 63 }],
    ['größer', { type: 'string', value: 'größer' }],
    [[0.5, 2], { type: 'floats', value: [0.5, 2] }],
    [
      { type: 'floats', value: [1, 2] },
      { type: 'floats', value: [1, 2] },
    ],
    [[3, -1, 0], { type: 'ints', value: [3, -1, 0] }],
    [[], { type: 'ints', value: [] }],
    [['a', ''], { type: 'strings', value: ['a', ''] }],
    [
      { type: 'type', value: { kind: 'tensor', dataType: 'int8', dims: ['N', 2] } },
      { type: 'type', value: { kind: 'tensor', dataType: 'int8', dims: ['N', 2] } },
    ],
  ])('reads attribute %#', (spec, attribute) => {
    expect(roundTrip(spec)).toEqual(attribute);
  });

  it('reads tensors', () => {
    const tensor = { name: 't', dataType: 'int32', dims: [3], data: [1, 2, 3] } as const;
    const one = roundTrip({ type: 'tensor', value: tensor });
    const list = roundTrip({ type: 'tensors', value: [tensor, tensor] });
    if (one.type !== 'tensor' || list.type !== 'tensors') throw new Error('The types are others.');
    expect(readTensor(one.value)).toEqual(Int32Array.of(1, 2, 3));
    expect(list.value.map(readTensor)).toEqual([Int32Array.of(1, 2, 3), Int32Array.of(1, 2, 3)]);
  });

  it('reads sparse tensors', () => {
    const values = { dataType: 'float32', dims: [1], data: [5] } as const;
    const indices = { dataType: 'int64', dims: [1], data: [3] } as const;
    const sparse = roundTrip({ type: 'sparse_tensor', value: { values, indices, dims: [2, 4] } });
    expect(sparse).toMatchObject({ type: 'sparse_tensor', value: { dims: [2, 4], indices: { dataType: 'int64' } } });
  });

  it('reads lists of graphs', () => {
    const graphs = roundTrip({ type: 'graphs', value: [branch('x'), branch('x', 'other')] });
    expect(graphs).toMatchObject({
      type: 'graphs',
      value: [{ name: 'branch_of_x' }, { outputs: [{ name: 'other' }] }],
    });
  });

  it('takes the type from the value where none is stated, as in IR 1', () => {
    const attributes = withAttributes(
      { name: 'f', f: 0.5 },
      { name: 'l', ints: [1, 2] },
      { name: 's', s: new Uint8Array(0) },
    )();
    expect([...attributes.values()]).toEqual([
      { type: 'float', value: 0.5 },
      { type: 'ints', value: [1, 2] },
      { type: 'string', value: '' },
    ]);
  });

  it('refuses what it cannot tell', () => {
    expectRefusal(withAttributes({ name: 'a' }), /attribute 'a' of node 'Relu_0' \(Relu\) has no value/);
    expectRefusal(withAttributes({ name: 'a', type: 12 }), /has type 12, which is not supported/);
    expectRefusal(withAttributes({ name: 'a', type: 4 }), /is of type tensor but has no such value/);
    expectRefusal(
      withAttributes({ name: 'a', f: 1 }, { name: 'a', f: 1 }),
      /'Relu_0' \(Relu\) has the attribute 'a' twice/,
    );
    expectRefusal(
      withAttributes({ name: 'a', refAttrName: 'b' }),
      /refers to 'b' of a calling node, but is in no function/,
    );
  });
});
