import { shader } from '@tessera/conv-kernels';
import type { GpuDevice } from './device.js';
import { BufferPool, stampPasses, type TimedDispatch } from './timer.js';
import { spanMs, type PassSpan } from './timestamps.js';
import { bufferUsage } from './usage.js';

/** What timing dispatches one by one adds to them, in milliseconds. */
export interface PassCost {
  /** How much longer a dispatch takes in a pass of its own with its timestamps than among others in one pass; at least 0. */
  readonly passMs: number;
  /** How long an empty dispatch takes among others of which each waits for the one before. */
  readonly launchMs: number;
}

const dispatches = 64;
const rounds = 31;

/** Each adds to what the one before wrote; two texts, since in a network the pipeline changes with nearly every dispatch. */
const kernels = [1, 2].map((addend) =>
  shader({
    label: `pass cost ${addend}`,
    bindings: [{ name: 'output', access: 'read_write', type: 'array<u32>' }],
    workgroupSize: [1, 1, 1],
    body: `output[0] = output[0] + ${addend}u;`,
  }),
);

const measured = new WeakMap<GPUDevice, Promise<PassCost>>();

/**
 * What a pass of its own costs a dispatch on this device, measured once by dispatches that do nothing but wait for one another: each in
 * a pass of its own, and all in one, in turns. The device must have timestamps, and be warm. Throws TesseraError as a run does.
 */
export function passCost(device: GpuDevice): Promise<PassCost> {
  const { gpu } = device;
  let cost = measured.get(gpu);
  if (!cost) {
    cost = measurePassCost(device);
    measured.set(gpu, cost);
    cost.catch(() => measured.delete(gpu));
  }
  return cost;
}

async function measurePassCost(device: GpuDevice): Promise<PassCost> {
  const { gpu } = device;
  const pool = new BufferPool(device);
  try {
    const buffer = pool.create(16, bufferUsage.activation, 'pass cost');
    const bound = await Promise.all(kernels.map((kernel) => pool.bind(kernel, [], [buffer], [1, 1, 1])));
    const chain = Array.from({ length: dispatches }, (_, i) => bound[i % bound.length]);
    const apart = chain.map((each) => recordAll([each]));
    const together = [recordAll(chain)];
    const samples: PassSamples[] = [];
    // The first round compiles and allocates what is made on first use.
    for (let round = 0; round <= rounds; round++) {
      const sample = { apart: await stampPasses(device, apart), together: await stampPasses(device, together) };
      if (round > 0) samples.push(sample);
    }
    return passCostOf(samples);
  } catch (error) {
    throw await device.failure(gpu, error);
  } finally {
    pool.destroy();
  }
}

const recordAll = (dispatches: readonly TimedDispatch[]) => (pass: GPUComputePassEncoder) => {
  for (const { pipeline, bindGroup, workgroups } of dispatches) {
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, bindGroup);
    pass.dispatchWorkgroups(...workgroups);
  }
  pass.end();
};

/** The same dispatches in passes of their own, and all in one. */
export interface PassSamples {
  readonly apart: readonly PassSpan[];
  readonly together: readonly PassSpan[];
}

/** From the least sums of the samples, since other work on the machine only adds; the one pass costs as much as each of the others. */
export function passCostOf(samples: readonly PassSamples[]): PassCost {
  const count = samples[0].apart.length;
  const apart = Math.min(...samples.map((sample) => sumMs(sample.apart)));
  const together = Math.min(...samples.map((sample) => sumMs(sample.together)));
  const passMs = Math.max(0, apart - together) / (count - 1);
  return { passMs, launchMs: Math.max(0, together - passMs) / count };
}

const sumMs = (spans: readonly PassSpan[]) => spans.reduce((sum, span) => sum + spanMs(span), 0);

/** What a dispatch timed in a pass of its own takes among others: no less than an empty one, unless it was timed at less. */
export function withoutPassCost(ms: number, { passMs, launchMs }: PassCost): number {
  return Math.max(ms - passMs, Math.min(ms, launchMs));
}
