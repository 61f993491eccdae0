import type { Profile, ProfileOptions } from './api.js';
import type { GpuDevice } from './device/device.js';
import type { PreparedProgram, RunInputs } from './device/executor.js';
import { passCost } from './device/pass-cost.js';
import { everything, partsWithin, type TimedPart } from './device/timed-parts.js';
import { spanMs } from './device/timestamps.js';
import type { GraphRunner, RunObserver } from './execution/graph-runner.js';
import type { Resident } from './execution/resident.js';
import { joinPrograms } from './program/join.js';
import type { Program } from './program/types.js';
import { joinSteps, summarize, wholeOf, type ProfileSamples, type TimedTurn } from './profile.js';
import { observe } from './session-run.js';

/** A GPU runs at its idle clock until it has worked for about this long (milliseconds). */
const warmUpMs = 250;

const defaultProfileRuns = 5;

/** What is profiled: a plain run, and after it one of which a part is timed. */
interface Subject {
  /** GPU time of a plain run in milliseconds. */
  plain(): Promise<number>;
  turn(part: TimedPart): Promise<TimedTurn>;
  /** How many dispatches it has, once it has run. */
  count(): number;
}

/** Times the layers of a program. */
export async function timeLayers(
  device: GpuDevice,
  program: Program,
  executor: PreparedProgram,
  inputs: RunInputs,
  options: ProfileOptions,
): Promise<Profile> {
  const plain = async () => (await executor.run(inputs, [], { timed: true })).marks;
  const samples = await sample(device, options, {
    plain: async () => spanMs((await plain()).gpu!),
    turn: async (part) => ({ wholes: [await plain()], timed: await executor.time(inputs, part) }),
    count: () => program.steps.length,
  });
  return summarize(program, samples);
}

/** Times the layers of a run that the host takes part in, and gives the stages of the last one. */
export async function timeStages(
  device: GpuDevice,
  runner: GraphRunner,
  inputs: ReadonlyMap<string, Resident>,
  options: ProfileOptions,
): Promise<{ readonly profile: Profile; readonly stages: RunObserver['stages'] }> {
  const wanted: ReadonlySet<string> = new Set();
  let observer = observe();
  const run = async (timing: RunObserver['timing']) => {
    observer = observe(timing);
    await runner.run(inputs, { deliver: 'host', wanted, observer });
    return observer.marks;
  };
  const joined = () => joinPrograms(observer.stages.flatMap(({ prepared }) => prepared?.program ?? []));
  const samples = await sample(device, options, {
    plain: async () => wholeOf(await run('whole')),
    turn: async (part) => ({ wholes: await run(part), timed: joinSteps(observer.steps) }),
    count: () => joined().steps.length,
  });
  return { profile: summarize(joined(), samples), stages: observer.stages };
}

async function sample(
  device: GpuDevice,
  { runs = defaultProfileRuns, signal, onRun, ...options }: ProfileOptions,
  { plain, turn, count }: Subject,
): Promise<ProfileSamples> {
  const until = performance.now() + (device.adapter.kind === 'gpu' ? warmUpMs : 0);
  let wholeMs = await plain();
  while (performance.now() < until) wholeMs = Math.min(wholeMs, await plain());
  const cost = await passCost(device);
  const parts = Math.max(1, Math.min(count(), options.parts ?? partsWithin(count(), wholeMs, cost.passMs)));
  const whole = parts > 1 ? (await turn(everything)).timed : undefined;
  const rotations: TimedTurn[][] = [];
  const isEnded = () => signal?.aborted && rotations.length > 0;
  while (rotations.length < runs && !isEnded()) {
    const turns: TimedTurn[] = [];
    while (turns.length < parts && !isEnded()) turns.push(await turn({ index: turns.length, of: parts }));
    if (turns.length < parts) break;
    rotations.push(turns);
    onRun?.(rotations.length, runs);
  }
  device.check();
  return { cost, rotations, whole };
}
