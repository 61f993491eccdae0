import type { RunOptions } from './api.js';
import type { GpuDevice } from './device/device.js';
import { GpuTensor } from './device/gpu-tensor.js';
import type { RunObserver } from './execution/graph-runner.js';
import type { Prepared } from './program-cache.js';
import type { ProgramValue } from './program/types.js';
import { splitRun } from './profile.js';
import { encodeInputs, hostResult, writeConstants, type OutputPlan, type ShapedFeeds } from './session-io.js';
import type { Tensor } from './tensor.js';

export function observe(timing?: RunObserver['timing']): RunObserver {
  return { timing, stages: [], marks: [], steps: [] };
}

/** Runs a program that is all there is to do, each output into its place. */
export async function runPlanned(
  device: GpuDevice,
  { program, executor }: Prepared,
  feeds: ShapedFeeds,
  plans: readonly OutputPlan[],
  { onTiming }: RunOptions,
): Promise<Record<string, Tensor | GpuTensor>> {
  const started = performance.now();
  const inputs = encodeInputs(device, program, feeds, executor.uploads);
  const targets = new Map<ProgramValue, GpuTensor['buffer']>();
  const read: ProgramValue[] = [];
  for (const { output, into } of plans) {
    if (!('operand' in output)) continue;
    if (into instanceof GpuTensor) targets.set(output, into.buffer);
    else read.push(output);
  }
  writeConstants(device, plans);
  const timed = onTiming !== undefined && device.hasTimestamps;
  const { bytes, marks } = await executor.run(inputs, read, { timed, targets });
  const result = (plan: OutputPlan) =>
    plan.into instanceof GpuTensor ? plan.into : hostResult(plan, bytes[read.indexOf(plan.output as ProgramValue)]);
  const results = Object.fromEntries(plans.map((plan) => [plan.output.name, result(plan)]));
  onTiming?.(splitRun(marks, started, performance.now()));
  return results;
}
