import { expect, it } from 'vitest';
import { buildModel, type NodeSpec, type TensorSpec } from '../../../tools/testing/index.js';
import { createSession } from '../src/index.js';

const ones = (name: string, ...dims: number[]): TensorSpec => {
  const length = dims.reduce((a, b) => a * b, 1);
  return { name, dataType: 'float32', dims, data: new Float32Array(length).fill(1) };
};
const scalar = (name: string, dataType: 'float32' | 'uint8', value: number): TensorSpec => {
  const data = dataType === 'float32' ? Float32Array.of(value) : Uint8Array.of(value);
  return { name, dataType, dims: [], data };
};
const quantize = (opType: string, x: string, y: string): NodeSpec => ({
  opType,
  inputs: [x, 'scale', 'zero'],
  outputs: [y],
});

/** As the last layers of a detector, which see as many regions as were found. */
const layers: Readonly<Record<string, readonly NodeSpec[]>> = {
  'convolutions, forwards and transposed': [
    { opType: 'Conv', inputs: ['x', 'w', 'b'], outputs: ['c'], attributes: { pads: [1, 0, 1, 0] } },
    { opType: 'Relu', inputs: ['c'], outputs: ['r'] },
    { opType: 'MaxPool', inputs: ['r'], outputs: ['p'], attributes: { kernel_shape: [2, 2] } },
    { opType: 'ConvTranspose', inputs: ['p', 't'], outputs: ['y'], attributes: { strides: [2, 2] } },
  ],
  'quantized convolutions': [
    quantize('QuantizeLinear', 'x', 'xq'),
    quantize('DequantizeLinear', 'xq', 'xd'),
    quantize('QuantizeLinear', 'w', 'wq'),
    quantize('DequantizeLinear', 'wq', 'wd'),
    { opType: 'Conv', inputs: ['xd', 'wd'], outputs: ['c'] },
    quantize('QuantizeLinear', 'c', 'cq'),
    quantize('DequantizeLinear', 'cq', 'y'),
  ],
};

it.each([
  ['convolutions, forwards and transposed', 'ConvTranspose'],
  ['quantized convolutions', 'QuantizedConv'],
])('%s of no images give none', async (name, kind) => {
  const model = buildModel({
    inputs: [{ name: 'x', dataType: 'float32', dims: ['N', 3, 6, 7] }],
    outputs: [{ name: 'y', dataType: 'float32' }],
    initializers: [
      ones('w', 5, 3, 3, 2),
      ones('b', 5),
      ones('t', 5, 4, 2, 2),
      scalar('scale', 'float32', 0.5),
      scalar('zero', 'uint8', 3),
    ],
    nodes: layers[name],
  });
  await using session = await createSession(model);
  const run = async (count: number) => {
    const data = new Float32Array(count * 3 * 6 * 7).fill(1);
    return (await session.run({ x: { dataType: 'float32', dims: [count, 3, 6, 7], data } })).y;
  };
  const two = await run(2);
  expect(session.report.layers.map(({ opType }) => opType)).toContain(kind);
  expect(two.data[0]).toBeGreaterThan(0);
  const none = await run(0);
  expect(none.dims).toEqual([0, ...two.dims.slice(1)]);
  expect(none.data).toHaveLength(0);
  expect((await run(2)).data).toEqual(two.data);
});
