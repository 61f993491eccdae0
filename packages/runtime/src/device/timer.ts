import { packParams, type Kernel, type Param } from '@tessera/conv-kernels';
import type { GpuDevice } from './device.js';
import { bufferUsage, mapRead } from './usage.js';

/** A dispatch ready to be recorded. */
export interface TimedDispatch {
  readonly pipeline: GPUComputePipeline;
  readonly bindGroup: GPUBindGroup;
  readonly workgroups: readonly [number, number, number];
}

/** Buffers made for one measurement, destroyed together. */
export class BufferPool {
  readonly #buffers: GPUBuffer[] = [];

  constructor(readonly device: GpuDevice) {}

  create(byteLength: number, usage: GPUBufferUsageFlags, label: string): GPUBuffer {
    const buffer = this.device.createBuffer(byteLength, usage, label);
    this.#buffers.push(buffer);
    return buffer;
  }

  /** A kernel bound to buffers, and to a new uniform buffer where it takes params. */
  async bind(
    kernel: Kernel,
    params: readonly Param[],
    buffers: readonly GPUBuffer[],
    workgroups: readonly [number, number, number],
  ): Promise<TimedDispatch> {
    const { gpu, pipelines } = this.device;
    const pipeline = await pipelines.get(kernel);
    const entries: GPUBindGroupEntry[] = buffers.map((buffer, binding) => ({ binding, resource: { buffer } }));
    if (kernel.hasParams) {
      const words = packParams(params);
      const buffer = this.create(words.byteLength, bufferUsage.params, 'params');
      gpu.queue.writeBuffer(buffer, 0, words);
      entries.push({ binding: entries.length, resource: { buffer } });
    }
    const bindGroup = gpu.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries, label: kernel.label });
    return { pipeline, bindGroup, workgroups };
  }

  destroy(): void {
    for (const buffer of this.#buffers.splice(0)) this.device.destroyBuffer(buffer);
  }
}

/** A clock that reads seconds since any moment. */
export type Clock = () => number;

/**
 * Seconds of one pass that repeats these dispatches: of the GPU's clock where the adapter has timestamp queries; by the
 * clock given, or where there are no such queries, from submission to completion.
 */
export async function timePass(
  device: GpuDevice,
  dispatches: readonly TimedDispatch[],
  repeats: number,
  clock?: Clock,
): Promise<number> {
  const record = (pass: GPUComputePassEncoder) => {
    for (let i = 0; i < repeats; i++) {
      for (const { pipeline, bindGroup, workgroups } of dispatches) {
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, bindGroup);
        pass.dispatchWorkgroups(...workgroups);
      }
    }
    pass.end();
  };
  if (clock === undefined && device.hasTimestamps) return stampedPass(device, record);
  return clockedPass(device, record, clock ?? (() => performance.now() / 1e3));
}

async function stampedPass(device: GpuDevice, record: (pass: GPUComputePassEncoder) => void): Promise<number> {
  const { gpu } = device;
  const querySet = gpu.createQuerySet({ type: 'timestamp', count: 2 });
  const resolved = device.createBuffer(16, bufferUsage.queries, 'timestamps');
  const staging = device.createBuffer(16, bufferUsage.staging, 'staging');
  try {
    const encoder = gpu.createCommandEncoder();
    const timestampWrites = { querySet, beginningOfPassWriteIndex: 0, endOfPassWriteIndex: 1 };
    record(encoder.beginComputePass({ timestampWrites }));
    encoder.resolveQuerySet(querySet, 0, 2, resolved, 0);
    encoder.copyBufferToBuffer(resolved, 0, staging, 0, 16);
    gpu.queue.submit([encoder.finish()]);
    await staging.mapAsync(mapRead);
    device.check();
    const [begin, end] = new BigInt64Array(staging.getMappedRange().slice(0));
    return Math.max(0, Number(end - begin)) / 1e9;
  } finally {
    device.destroyBuffer(staging);
    device.destroyBuffer(resolved);
    querySet.destroy();
  }
}

async function clockedPass(
  device: GpuDevice,
  record: (pass: GPUComputePassEncoder) => void,
  clock: Clock,
): Promise<number> {
  const { gpu } = device;
  const encoder = gpu.createCommandEncoder();
  record(encoder.beginComputePass());
  const commands = encoder.finish();
  const begin = clock();
  gpu.queue.submit([commands]);
  await gpu.queue.onSubmittedWorkDone();
  device.check();
  return clock() - begin;
}
