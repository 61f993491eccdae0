import type { DeviceProfile } from '@tessera/conv-kernels';
import { loadOnnx } from '@tessera/onnx-loader';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { matrixGpu } from '../../../tools/testing/devices.js';
import { buildModel } from '../../../tools/testing/index.js';
import { asGpuDevice } from '../src/device/device.js';
import { bufferUsage, mapRead } from '../src/device/usage.js';
import { packingJob } from '../src/device/weight-packer.js';
import { WeightStore } from '../src/device/weight-store.js';
import { acquireDevice, type Device } from '../src/index.js';
import { specialize, understand } from '../src/passes/index.js';
import { lower } from '../src/program/lower.js';
import type { Weight } from '../src/program/types.js';

const wave = (count: number, step: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(i * step) * 2 ** ((i % 7) - 5));

const weight = (name: string, dims: readonly number[], step: number, dataType: 'float32' | 'float16' = 'float32') => ({
  name,
  dataType,
  dims,
  data: wave(
    dims.reduce((count, size) => count * size),
    step,
  ),
});

/**
 * Weights of more than 64 KiB each: of convolutions before a BatchNormalization and a scale, of products with a scaled, a
 * transposed and a plain matrix, and of one that is used as it is.
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
    weight('w5', [240, 701], 0.17, 'float16'),
    weight('w6', [700, 80], 0.19),
  ],
  nodes: [
    { opType: 'Conv', inputs: ['x', 'w1'], outputs: ['a'], attributes: { pads: [1, 1, 1, 1] } },
    { opType: 'BatchNormalization', inputs: ['a', 'gamma', 'beta', 'mean', 'variance'], outputs: ['b'] },
    { opType: 'Conv', inputs: ['b', 'w2'], outputs: ['c'] },
    { opType: 'Mul', inputs: ['c', 'scale'], outputs: ['d'] },
    { opType: 'Reshape', inputs: ['d', 'matrix'], outputs: ['e'] },
    { opType: 'MatMul', inputs: ['e', 'w3'], outputs: ['f'] },
    { opType: 'Mul', inputs: ['f', 'columns'], outputs: ['g'] },
    { opType: 'Gemm', inputs: ['g', 'w4'], outputs: ['h'], attributes: { transB: 1 } },
    { opType: 'MatMul', inputs: ['h', 'w6'], outputs: ['i'] },
    { opType: 'Cast', inputs: ['w5'], outputs: ['j'], attributes: { to: 1 } },
    { opType: 'Concat', inputs: ['i', 'j'], outputs: ['y'], attributes: { axis: 1 } },
  ],
});

let device: Device;
/** With too little memory for what packing takes for a while. */
let tight: Device;
beforeAll(async () => {
  device = await acquireDevice();
  tight = await acquireDevice({ memoryBudget: 12 * 2 ** 20 });
});
afterAll(() => {
  device.dispose();
  tight.dispose();
});

/** A device with matrix units, whose kernels' weights lie as no others do; none of its kernels run here. */
const withMatrices = (own: DeviceProfile): DeviceProfile => ({
  ...matrixGpu,
  maxWorkgroupsPerDimension: own.maxWorkgroupsPerDimension,
  maxStorageBinding: own.maxStorageBinding,
  minStorageOffsetAlignment: own.minStorageOffsetAlignment,
});

function weightsFor(profile: DeviceProfile, floatType: 'f32' | 'f16'): readonly Weight[] {
  const graph = specialize(understand(loadOnnx(model)));
  const { buffers } = lower(graph, { profile, floatType, algorithms: {} });
  return buffers.flatMap((slot) => slot.weight ?? []);
}

/** What lies in each weight's buffer after an upload. */
async function uploaded(on: Device, weights: readonly Weight[], packsOnDevice: boolean): Promise<Uint8Array[]> {
  const gpuDevice = asGpuDevice(on);
  const store = new WeightStore(gpuDevice, packsOnDevice);
  const progress: [number, number][] = [];
  await store.upload(weights, (done, total) => progress.push([done, total]));
  const total = weights.reduce((sum, { byteLength }) => sum + byteLength, 0);
  expect(progress.at(-1)).toEqual([total, total]);
  const contents: Uint8Array[] = [];
  for (const { key, byteLength } of weights) {
    const size = Math.ceil(byteLength / 4) * 4;
    const staging = gpuDevice.createBuffer(size, bufferUsage.staging, 'staging');
    const encoder = gpuDevice.gpu.createCommandEncoder();
    encoder.copyBufferToBuffer(store.get(key), 0, staging, 0, staging.size);
    gpuDevice.gpu.queue.submit([encoder.finish()]);
    await staging.mapAsync(mapRead);
    contents.push(new Uint8Array(staging.getMappedRange().slice(0)));
    gpuDevice.destroyBuffer(staging);
  }
  store.dispose();
  gpuDevice.check();
  expect(on.memory.bytes).toBe(0);
  return contents;
}

const kinds = [
  { name: 'this device, with f16', profile: (own: DeviceProfile): DeviceProfile => ({ ...own, hasF16: true }) },
  { name: 'a device with matrix units', profile: withMatrices },
];

describe.each(kinds)('weights for the kernels of $name', ({ profile }) => {
  it.each(['f32', 'f16'] as const)('are the same whether the GPU or the host packs them, in %s', async (floatType) => {
    const weights = weightsFor(profile(device.profile), floatType);
    expect(weights.filter((each) => packingJob(each, device.profile)).length).toBeGreaterThanOrEqual(4);
    const byDevice = await uploaded(device, weights, true);
    const byHost = await uploaded(device, weights, false);
    const different = weights.filter((_, i) => Buffer.compare(byDevice[i], byHost[i]) !== 0);
    expect(different.map(({ key }) => key)).toEqual([]);
  });
});

it('are packed on the host where the memory budget has no room for more', async () => {
  const weights = weightsFor(withMatrices(tight.profile), 'f32');
  const contents = await uploaded(tight, weights, true);
  expect(tight.memory.peakBytes).toBeLessThanOrEqual(12 * 2 ** 20);
  const byHost = await uploaded(device, weights, false);
  expect(contents.every((bytes, i) => Buffer.compare(bytes, byHost[i]) === 0)).toBe(true);
});
