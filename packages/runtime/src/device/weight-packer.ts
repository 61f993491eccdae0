import {
  packingDispatches,
  type DeviceProfile,
  type PackingDispatch,
  type PackingOperand,
} from '@tessera/conv-kernels';
import type { Weight, WeightRecipe } from '../program/types.js';
import type { GpuDevice } from './device.js';
import { dispatch, roundUp, uniformBlocks, type PreparedStep } from './prepared-steps.js';
import type { ByteStream } from './byte-stream.js';
import { bufferUsage } from './usage.js';

/** Sources smaller than this are packed on the host in less time than a dispatch takes to prepare. */
const leastBytes = 64 * 1024;
/** Sources that are uploaded, and then packed, together; one that is larger goes alone. */
const batchBytes = 32 * 1024 * 1024;

/** A weight that the GPU packs, its dispatches, and where its source and factors lie among those of its batch. */
export interface PackingJob {
  readonly weight: Weight;
  readonly recipe: WeightRecipe;
  readonly dispatches: readonly PackingDispatch[];
}

/** How the GPU is to pack a weight; undefined where the host does. */
export function packingJob(weight: Weight, profile: DeviceProfile): PackingJob | undefined {
  const { recipe } = weight;
  if (!recipe || recipe.byteLength < leastBytes || recipe.byteLength > profile.maxStorageBinding / 2) return undefined;
  const dispatches = packingDispatches(recipe.map, recipe.source, profile.maxWorkgroupsPerDimension);
  return dispatches && { weight, recipe, dispatches };
}

interface Batch {
  readonly jobs: readonly PackingJob[];
  readonly byteLength: number;
}

/** Jobs in batches, the largest first, while little else is in memory. */
function batchesOf(jobs: readonly PackingJob[], alignment: number): Batch[] {
  const batches: Batch[] = [];
  for (const job of [...jobs].sort((a, b) => b.recipe.byteLength - a.recipe.byteLength)) {
    const byteLength = extent(job, alignment);
    const last = batches.at(-1);
    if (last && last.byteLength + byteLength <= batchBytes) {
      batches[batches.length - 1] = { jobs: [...last.jobs, job], byteLength: last.byteLength + byteLength };
    } else batches.push({ jobs: [job], byteLength });
  }
  return batches;
}

/** Bytes of a job's source and factors, each from an offset at which it can be bound. */
function extent({ recipe }: PackingJob, alignment: number): number {
  return roundUp(recipe.byteLength, alignment) + roundUp(recipe.factors?.byteLength ?? 0, alignment);
}

/** Bytes on the GPU that packing takes for a while. */
export function packingBytes(jobs: readonly PackingJob[], { profile }: GpuDevice): number {
  return Math.max(0, ...batchesOf(jobs, profile.minStorageOffsetAlignment).map(({ byteLength }) => byteLength));
}

/** Begins to compile the kernels of jobs before all others, since the upload waits for them. */
export function startCompiling({ pipelines }: GpuDevice, jobs: readonly PackingJob[]): void {
  for (const { kernel } of jobs.flatMap(({ dispatches }) => dispatches)) pipelines.foresee(kernel, true);
}

/**
 * Packs weights on the GPU: what the file has is uploaded as it is, a batch at a time into one buffer, and a dispatch or
 * two for each weight write its packed bytes to a buffer that `create` makes. `onUploaded` is told of each weight.
 */
export async function packOnDevice(
  device: GpuDevice,
  jobs: readonly PackingJob[],
  stream: ByteStream,
  create: (weight: Weight) => GPUBuffer,
  onUploaded: (weight: Weight) => void,
): Promise<void> {
  if (jobs.length === 0) return;
  const alignment = device.profile.minStorageOffsetAlignment;
  const dispatches = jobs.flatMap((job) => job.dispatches);
  const { bytes, ranges } = uniformBlocks(dispatches.map(({ params }) => params));
  const params = device.createBuffer(bytes.byteLength, bufferUsage.params, 'packing params');
  const uniforms = new Map(dispatches.map((each, i) => [each, { buffer: params, ...ranges[i] }]));
  let stored: GPUBuffer | undefined;
  try {
    await stream.put(params, 0, bytes);
    const batches = batchesOf(jobs, alignment);
    for (const [i, batch] of batches.entries()) {
      const needed = Math.max(...batches.slice(i).map(({ byteLength }) => byteLength));
      if (stored && stored.size > 2 * needed) {
        device.destroyBuffer(stored);
        stored = undefined;
      }
      stored ??= device.createBuffer(needed, bufferUsage.weight, 'weights of the file');
      const steps: PreparedStep[] = [];
      let at = 0;
      for (const job of batch.jobs) {
        const bound = {
          ...(await uploadJob(stream, job, stored, at, alignment)),
          packed: { buffer: create(job.weight) },
        };
        at += extent(job, alignment);
        onUploaded(job.weight);
        for (const each of job.dispatches) steps.push(await bind(device, each, bound, uniforms.get(each)!));
      }
      stream.flush();
      submit(device.gpu, steps);
    }
  } finally {
    if (stored) device.destroyBuffer(stored);
    device.destroyBuffer(params);
  }
}

type BoundOperands = Readonly<Partial<Record<PackingOperand, GPUBufferBinding>>>;

/** Uploads a job's source and factors from an offset of a buffer on. */
async function uploadJob(
  stream: ByteStream,
  { recipe }: PackingJob,
  buffer: GPUBuffer,
  offset: number,
  alignment: number,
): Promise<BoundOperands> {
  const { factors, byteLength } = recipe;
  await stream.fill(buffer, offset, byteLength, recipe.read);
  const source = { buffer, offset, size: roundUp(byteLength, 4) };
  if (!factors) return { source };
  const next = offset + roundUp(byteLength, alignment);
  await stream.put(buffer, next, new Uint8Array(factors.buffer, factors.byteOffset, factors.byteLength));
  return { source, factors: { buffer, offset: next, size: factors.byteLength } };
}

async function bind(
  { gpu, pipelines }: GpuDevice,
  { kernel, operands, workgroups }: PackingDispatch,
  bound: BoundOperands,
  uniform: GPUBufferBinding,
): Promise<PreparedStep> {
  const pipeline = await pipelines.get(kernel);
  const resources = [...operands.map((name) => bound[name]!), uniform];
  const entries = resources.map((resource, binding) => ({ binding, resource }));
  const bindGroup = gpu.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries, label: kernel.label });
  return { pipeline, bindGroup, workgroups };
}

function submit(gpu: GPUDevice, steps: readonly PreparedStep[]): void {
  const encoder = gpu.createCommandEncoder();
  const pass = encoder.beginComputePass();
  for (const step of steps) dispatch(pass, step);
  pass.end();
  gpu.queue.submit([encoder.finish()]);
}
