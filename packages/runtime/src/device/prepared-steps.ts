import { packParams, type Param } from '@tessera/conv-kernels';
import type { Program, Step } from '../program/types.js';
import type { GpuDevice } from './device.js';
import { bufferUsage } from './usage.js';

/** A step with all that its dispatch takes. */
export interface PreparedStep {
  readonly pipeline: GPUComputePipeline;
  readonly bindGroup: GPUBindGroup;
  readonly workgroups: readonly [number, number, number];
}

const uniformAlignment = 256;

export const roundUp = (value: number, multiple: number) => Math.ceil(value / multiple) * multiple;

/** Binds the steps of a program to their buffers; all their uniform blocks lie in one buffer. */
export function prepareSteps(
  device: GpuDevice,
  program: Program,
  buffers: readonly GPUBuffer[],
  pipelines: ReadonlyMap<string, GPUComputePipeline>,
  own: (byteLength: number, usage: number, label: string) => GPUBuffer,
): PreparedStep[] {
  const { bytes, ranges } = uniformBlocks(program.steps.map(({ params }) => params));
  const params = own(bytes.byteLength, bufferUsage.params, 'params');
  device.gpu.queue.writeBuffer(params, 0, bytes);
  return program.steps.map((step, i) => {
    const pipeline = pipelines.get(step.kernel.code)!;
    const uniform = { buffer: params, ...ranges[i] };
    return {
      pipeline,
      bindGroup: bindGroup(device.gpu, step, pipeline, buffers, uniform),
      workgroups: step.workgroups,
    };
  });
}

/** The uniform blocks of dispatches in one buffer, and where each lies. */
export function uniformBlocks(params: readonly (readonly Param[])[]): {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly ranges: readonly { readonly offset: number; readonly size: number }[];
} {
  const blocks = params.map(packParams);
  let total = 0;
  const ranges = blocks.map(({ byteLength: size }) => {
    const offset = total;
    total += roundUp(size, uniformAlignment);
    return { offset, size };
  });
  const bytes = new Uint8Array(total);
  blocks.forEach((block, i) => bytes.set(new Uint8Array(block.buffer), ranges[i].offset));
  return { bytes, ranges };
}

function bindGroup(
  gpu: GPUDevice,
  step: Step,
  pipeline: GPUComputePipeline,
  buffers: readonly GPUBuffer[],
  uniform: GPUBufferBinding,
): GPUBindGroup {
  const entries: GPUBindGroupEntry[] = step.buffers.map((slot, binding) => ({
    binding,
    resource: { buffer: buffers[slot] },
  }));
  if (step.kernel.hasParams) entries.push({ binding: entries.length, resource: uniform });
  return gpu.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries, label: step.kernel.label });
}

/** Records a step; `set` is the pipeline that the pass has already. */
export function dispatch(pass: GPUComputePassEncoder, step: PreparedStep, set?: GPUComputePipeline): void {
  if (step.pipeline !== set) pass.setPipeline(step.pipeline);
  pass.setBindGroup(0, step.bindGroup);
  const [x, y, z] = step.workgroups;
  pass.dispatchWorkgroups(x, y, z);
}
