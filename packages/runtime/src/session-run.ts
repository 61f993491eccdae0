import type { Profile, ProfileOptions, RunOptions } from './api.js';
import type { GpuDevice } from './device/device.js';
import type { PreparedProgram, RunInputs, RunMarks, TimedSteps } from './device/executor.js';
import { GpuTensor } from './device/gpu-tensor.js';
import { passCost } from './device/pass-cost.js';
import type { GraphRunner, RunObserver } from './execution/graph-runner.js';
import type { Resident } from './execution/resident.js';
import type { Prepared } from './program-cache.js';
import { joinPrograms } from './program/join.js';
import type { Program, ProgramValue } from './program/types.js';
import { joinMarks, joinSteps, splitRun, summarize } from './profile.js';
import { encodeInputs, hostResult, writeConstants, type OutputPlan, type ShapedFeeds } from './session-io.js';
import type { Tensor } from './tensor.js';

/** A GPU runs at its idle clock until it has worked for about this long (milliseconds). */
const warmUpMs = 250;

const defaultProfileRuns = 5;

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
  const inputs = encodeInputs(device, program, feeds);
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

/** Times the layers of a program. */
export async function timeLayers(
  device: GpuDevice,
  program: Program,
  executor: PreparedProgram,
  inputs: RunInputs,
  { runs = defaultProfileRuns, signal, onRun }: ProfileOptions,
): Promise<Profile> {
  if (device.adapter.kind === 'gpu') {
    const until = performance.now() + warmUpMs;
    while (performance.now() < until) await executor.run(inputs, []);
  }
  const samples = { cost: await passCost(device), steps: [] as TimedSteps[], wholes: [] as RunMarks[] };
  for (let i = 0; i < runs && !(signal?.aborted && i > 0); i++) {
    samples.wholes.push((await executor.run(inputs, [], { timed: true })).marks);
    samples.steps.push(await executor.time(inputs));
    onRun?.(i + 1, runs);
  }
  device.check();
  return summarize(program, samples);
}

/** Times the layers of a run that the host takes part in, and gives the stages of the last one. */
export async function timeStages(
  device: GpuDevice,
  runner: GraphRunner,
  inputs: ReadonlyMap<string, Resident>,
  { runs = defaultProfileRuns, signal, onRun }: ProfileOptions,
): Promise<{ readonly profile: Profile; readonly stages: RunObserver['stages'] }> {
  const wanted: ReadonlySet<string> = new Set();
  const run = async (timing?: RunObserver['timing']) => {
    const observer = observe(timing);
    await runner.run(inputs, { deliver: 'host', wanted, observer });
    return observer;
  };
  const until = performance.now() + (device.adapter.kind === 'gpu' ? warmUpMs : 0);
  let observer = await run();
  while (performance.now() < until) observer = await run();
  const samples = { cost: await passCost(device), steps: [] as TimedSteps[], wholes: [] as RunMarks[] };
  for (let i = 0; i < runs && !(signal?.aborted && i > 0); i++) {
    observer = await run('steps');
    samples.wholes.push(joinMarks(observer.marks));
    samples.steps.push(joinSteps(observer.steps));
    onRun?.(i + 1, runs);
  }
  device.check();
  const programs = observer.stages.flatMap(({ prepared }) => prepared?.program ?? []);
  return { profile: summarize(joinPrograms(programs), samples), stages: observer.stages };
}
