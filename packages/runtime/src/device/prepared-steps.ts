import { packParams } from '@tessera/conv-kernels';
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
  const blocks = program.steps.map((step) => packParams(step.params));
  const offsets: number[] = [];
  let total = 0;
  for (const block of blocks) {
    offsets.push(total);
    total += roundUp(block.byteLength, uniformAlignment);
  }
  const params = own(total, bufferUsage.params, 'params');
  const bytes = new Uint8Array(total);
  blocks.forEach((block, i) => bytes.set(new Uint8Array(block.buffer), offsets[i]));
  device.gpu.queue.writeBuffer(params, 0, bytes);
  return program.steps.map((step, i) => {
    const pipeline = pipelines.get(step.kernel.code)!;
    const uniform = { buffer: params, offset: offsets[i], size: blocks[i].byteLength };
    return {
      pipeline,
      bindGroup: bindGroup(device.gpu, step, pipeline, buffers, uniform),
      workgroups: step.workgroups,
    };
  });
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
