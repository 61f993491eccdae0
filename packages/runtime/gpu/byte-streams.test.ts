import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { acquireDevice, type Device } from '../src/index.js';
import { queueStream, type ByteStream } from '../src/device/byte-stream.js';
import { asGpuDevice, type GpuDevice } from '../src/device/device.js';
import { StagingStream } from '../src/device/staging-stream.js';
import { bufferUsage, mapRead } from '../src/device/usage.js';

let device: Device;
let gpuDevice: GpuDevice;
beforeAll(async () => {
  device = await acquireDevice();
  gpuDevice = asGpuDevice(device);
});
afterAll(() => device.dispose());

const mebibyte = 2 ** 20;

/** More than all staging memory, from many small ragged pieces to one larger than a staging buffer. */
const sizes = [1, 4, 6, 3 * mebibyte + 1, 7, 9 * mebibyte + 2, 5 * mebibyte, 3, 2 * mebibyte + 3, 4 * mebibyte, 17];

function pattern(byteLength: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(byteLength);
  for (let i = 0; i < byteLength; i++) bytes[i] = i * 31 + (i >> 9) + seed;
  return bytes;
}

async function read(buffer: GPUBuffer): Promise<Uint8Array> {
  const staging = gpuDevice.createBuffer(buffer.size, bufferUsage.staging, 'staging');
  const encoder = gpuDevice.gpu.createCommandEncoder();
  encoder.copyBufferToBuffer(buffer, 0, staging, 0, buffer.size);
  gpuDevice.gpu.queue.submit([encoder.finish()]);
  await staging.mapAsync(mapRead);
  const bytes = new Uint8Array(staging.getMappedRange().slice(0));
  gpuDevice.destroyBuffer(staging);
  return bytes;
}

const streams: Readonly<Record<string, () => ByteStream>> = {
  'the queue': () => queueStream(gpuDevice),
  'staging buffers': () => new StagingStream(gpuDevice),
};

describe.each(Object.entries(streams))('a stream through %s', (_, open) => {
  it('writes bytes at hand and bytes read on demand, whole words at any multiple of 4', async () => {
    const stream = open();
    const written: { buffer: GPUBuffer; want: Uint8Array }[] = [];
    for (const [i, byteLength] of sizes.entries()) {
      const bytes = pattern(byteLength, i);
      const offset = 8 * (i % 3);
      const want = new Uint8Array(offset + Math.ceil(byteLength / 4) * 4 + 8);
      want.set(bytes, offset);
      const buffer = gpuDevice.createBuffer(want.byteLength, bufferUsage.weight, 'target');
      if (i % 2 === 0) await stream.put(buffer, offset, bytes);
      else
        await stream.fill(buffer, offset, byteLength, (at, target) => {
          target.set(bytes.subarray(at, at + target.byteLength));
        });
      written.push({ buffer, want });
    }
    stream.flush();
    for (const { buffer, want } of written) {
      const got = await read(buffer);
      expect(Buffer.compare(got.subarray(0, want.byteLength), want)).toBe(0);
      gpuDevice.destroyBuffer(buffer);
    }
    stream.dispose();
    expect(device.memory.bytes).toBe(0);
  });
});
