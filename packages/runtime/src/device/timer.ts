import { packParams, type Kernel, type Param } from '@tessera/conv-kernels';
import type { GpuDevice } from './device.js';
import { spanMs, Timestamps, type PassSpan } from './timestamps.js';
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
  const [span] = await stampPasses(device, [record]);
  return spanMs(span) / 1e3;
}

/** Records passes one after another, at most 4,095, runs them in one submission and reads their timestamps; `record` ends its pass. */
export async function stampPasses(
  device: GpuDevice,
  records: readonly ((pass: GPUComputePassEncoder) => void)[],
): Promise<PassSpan[]> {
  const { gpu } = device;
  const timestamps = new Timestamps(device, records.length);
  const staging = device.createBuffer(timestamps.byteLength, bufferUsage.staging, 'staging');
  try {
    const encoder = gpu.createCommandEncoder();
    records.forEach((record, i) => record(encoder.beginComputePass({ timestampWrites: timestamps.writes(i) })));
    timestamps.resolve(encoder, staging, 0);
    gpu.queue.submit([encoder.finish()]);
    await staging.mapAsync(mapRead);
    device.check();
    return timestamps.read(staging.getMappedRange(), 0);
  } finally {
    device.destroyBuffer(staging);
    timestamps.dispose();
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
