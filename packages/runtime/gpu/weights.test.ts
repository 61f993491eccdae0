import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildModel } from '../../../tools/testing/index.js';
import { asGpuDevice } from '../src/device/device.js';
import { acquireDevice, createSession, evaluateReference, type Device, type Precision } from '../src/index.js';

const wave = (count: number, step: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(i * step) * 2 ** ((i % 7) - 5));

const weight = (name: string, dims: readonly number[], step: number) => ({
  name,
  dataType: 'float32' as const,
  dims,
  data: wave(
    dims.reduce((count, size) => count * size),
    step,
  ),
});

/**
 * Weights of more than 64 KiB each: of convolutions before a BatchNormalization and a scale, of a product whose columns are
 * scaled, and of a transposed matrix.
 */
const model = buildModel({
  inputs: [{ name: 'x', dataType: 'float32', dims: [1, 50, 7, 6] }],
  outputs: [{ name: 'y', dataType: 'float32' }],
  initializers: [
    weight('w1', [72, 50, 3, 3], 0.37),
    weight('gamma', [72], 0.11),
    weight('beta', [72], 0.12),
    weight('mean', [72], 0.13),
    { name: 'variance', dataType: 'float32', dims: [72], data: wave(72, 0.14).map((v) => Math.abs(v) + 0.1) },
    weight('w2', [240, 72, 1, 1], 0.53),
    weight('scale', [240, 1, 1], 0.7),
    { name: 'matrix', dataType: 'int64', dims: [2], data: [240, 42] },
    weight('w3', [42, 500], 0.91),
    weight('columns', [500], 0.3),
    weight('w4', [700, 500], 0.21),
  ],
  nodes: [
    { opType: 'Conv', inputs: ['x', 'w1'], outputs: ['a'], attributes: { pads: [1, 1, 1, 1] } },
    { opType: 'BatchNormalization', inputs: ['a', 'gamma', 'beta', 'mean', 'variance'], outputs: ['b'] },
    { opType: 'Conv', inputs: ['b', 'w2'], outputs: ['c'] },
    { opType: 'Mul', inputs: ['c', 'scale'], outputs: ['d'] },
    { opType: 'Reshape', inputs: ['d', 'matrix'], outputs: ['e'] },
    { opType: 'MatMul', inputs: ['e', 'w3'], outputs: ['f'] },
    { opType: 'Mul', inputs: ['f', 'columns'], outputs: ['g'] },
    { opType: 'Gemm', inputs: ['g', 'w4'], outputs: ['y'], attributes: { transB: 1 } },
  ],
});
const x = wave(50 * 42, 0.77);

let reference: Float32Array;
let device: Device;
/** With too little memory for what packing takes for a while. */
let tight: Device;
beforeAll(async () => {
  const values = evaluateReference(model, { x: { dataType: 'float32', dims: [1, 50, 7, 6], data: x } });
  reference = values.get('y')!.data as Float32Array;
  device = await acquireDevice();
  tight = await acquireDevice({ memoryBudget: 12 * 2 ** 20 });
});
afterAll(() => {
  device.dispose();
  tight.dispose();
});

/** The output, and the labels of the kernels compiled. */
async function run(on: Device, precision: Precision): Promise<{ y: Float32Array; kernels: string[] }> {
  const { gpu } = asGpuDevice(on);
  const kernels: string[] = [];
  const compile = gpu.createComputePipelineAsync.bind(gpu);
  gpu.createComputePipelineAsync = (descriptor) => {
    kernels.push(descriptor.label ?? '');
    return compile(descriptor);
  };
  try {
    const session = await createSession(model, { device: on, precision });
    const { y } = await session.run({ x });
    session.dispose();
    return { y: y.data as Float32Array, kernels };
  } finally {
    gpu.createComputePipelineAsync = compile;
  }
}

async function expectEqual(precision: Precision, tolerance: number): Promise<void> {
  const onDevice = await run(device, precision);
  const onHost = await run(tight, precision);
  expect(onDevice.kernels).toEqual(expect.arrayContaining([expect.stringMatching(/^pack /)]));
  expect(onHost.kernels.filter((label) => label.startsWith('pack '))).toEqual([]);
  expect(onDevice.y).toEqual(onHost.y);
  const largest = reference.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const error = reference.reduce((most, value, i) => Math.max(most, Math.abs(value - onDevice.y[i])), 0);
  expect(error / largest).toBeLessThan(tolerance);
}

it('gives the same outputs whether the GPU packs the weights or the host', () => expectEqual('fp32', 1e-5));

it('does so in fp16, and with nothing left on the device afterwards', async () => {
  if (device.profile.hasF16) await expectEqual('fp16', 2e-2);
  else await expect(run(device, 'fp16')).rejects.toMatchObject({ code: 'UNSUPPORTED_DEVICE' });
  expect(device.memory.bytes).toBe(0);
});
