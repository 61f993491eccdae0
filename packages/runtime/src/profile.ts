import type { DispatchTime, LayerReport, LayerTime, Profile, RunTiming, Timeline } from './api.js';
import type { RunMarks, TimedSteps } from './device/executor.js';
import { withoutPassCost, type PassCost } from './device/pass-cost.js';
import { spanMs } from './device/timestamps.js';
import type { Program } from './program/types.js';
import { layersOf } from './report.js';

/** A plain run, by its programs, and one of which a part of the steps was timed. */
export interface TimedTurn {
  readonly wholes: readonly RunMarks[];
  readonly timed: TimedSteps;
}

export interface ProfileSamples {
  /** What timing the steps one by one adds to each. */
  readonly cost: PassCost;
  /** Turns whose parts make up all the steps, as often as each was timed. */
  readonly rotations: readonly (readonly TimedTurn[])[];
  /** A run of which all steps were timed, where those of the rotations were timed in parts. */
  readonly whole?: TimedSteps;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Sums and medians of the samples, one row for each layer, in program order. */
export function summarize(program: Program, samples: ProfileSamples): Profile {
  const { layers, layerOfStep } = layersOf(program);
  const { cost, rotations } = samples;
  const runs = rotations.map((turns) => layerTimes(layers, layerOfStep, stepTimes(turns, cost)));
  const lengths = runs.map((times) => times.reduce((sum, ms) => sum + ms, 0));
  const typical = samples.whole ?? rotations[indexOfMedian(lengths)][0].timed;
  const timeline = layOnHost(typical, samples, program, layerOfStep);
  const times = layers.map((layer, i): LayerTime => {
    const samplesMs = runs.map((run) => run[i]);
    const first = timeline.gpu.find((dispatch) => dispatch.layer === i)!;
    return { ...layer, ms: median(samplesMs), samplesMs, startMs: first.startMs - timeline.gpu[0].startMs };
  });
  const turns = rotations.flat();
  return {
    runs: runs.length,
    parts: rotations[0].length,
    gpuMs: times.reduce((sum, layer) => sum + layer.ms, 0),
    passCostMs: cost.passMs,
    wholeMs: median(turns.map(({ wholes }) => wholeOf(wholes))),
    profiledMs: median(turns.map(({ timed }) => wholeOf(timed.submissions))),
    layers: times,
    timeline,
  };
}

/** GPU time of a run in milliseconds, over its submissions; each must have been timed. */
export function wholeOf(marks: readonly RunMarks[]): number {
  return marks.reduce((sum, { gpu }) => sum + spanMs(gpu!), 0);
}

/** What each step took in the turn that timed it. */
function stepTimes(turns: readonly TimedTurn[], cost: PassCost): number[] {
  const stepMs: number[] = [];
  for (const { timed } of turns) {
    timed.steps.forEach((span, step) => {
      if (span) stepMs[step] = withoutPassCost(spanMs(span), cost);
    });
  }
  return stepMs;
}

function layerTimes(
  layers: readonly LayerReport[],
  layerOfStep: readonly number[],
  stepMs: readonly number[],
): number[] {
  const times = layers.map(() => 0);
  stepMs.forEach((ms, step) => (times[layerOfStep[step]] += ms));
  return times;
}

function indexOfMedian(values: readonly number[]): number {
  const order = values.map((_, i) => i).sort((a, b) => values[a] - values[b]);
  return order[order.length >> 1];
}

/**
 * The offset from the GPU's clock to the host's: each run bounds it from below (work begins after its submission
 * began) and from above (it ends before its results are seen); the middle of what all runs leave, by the idea of
 * F. Cristian, "Probabilistic clock synchronization" (1989).
 */
function clockOffset({ rotations, whole }: ProfileSamples, base: bigint): { offsetMs: number; uncertaintyMs: number } {
  const ms = (stamp: bigint) => Number(stamp - base) / 1e6;
  const marks = rotations.flat().flatMap(({ wholes, timed }) => [...wholes, ...timed.submissions]);
  const bounds = [...marks, ...(whole?.submissions ?? [])].map(({ gpu, uploaded, mapped }) => {
    return { low: uploaded - ms(gpu!.begin), high: mapped - ms(gpu!.end) };
  });
  const low = bounds.reduce((most, bound) => Math.max(most, bound.low), -Infinity);
  const high = bounds.reduce((least, bound) => Math.min(least, bound.high), Infinity);
  return { offsetMs: (low + high) / 2, uncertaintyMs: Math.abs(high - low) / 2 };
}

function layOnHost(
  run: TimedSteps,
  samples: ProfileSamples,
  program: Program,
  layerOfStep: readonly number[],
): Timeline {
  if (run.submissions.length === 0) return { host: [], gpu: [], uncertaintyMs: 0 };
  const base = run.submissions[0].gpu.begin;
  const { offsetMs, uncertaintyMs } = clockOffset(samples, base);
  const { start } = run.submissions[0];
  const host = run.submissions.flatMap((marks): Timeline['host'] => [
    { name: 'upload', startMs: marks.start - start, endMs: marks.uploaded - start },
    { name: 'encode', startMs: marks.uploaded - start, endMs: marks.submitted - start },
    { name: 'wait', startMs: marks.submitted - start, endMs: marks.end - start },
  ]);
  const gpu = run.steps.map((span, step): DispatchTime => {
    const startMs = Number(span!.begin - base) / 1e6 + offsetMs - start;
    const { kernel, workgroups } = program.steps[step];
    const endMs = startMs + withoutPassCost(spanMs(span!), samples.cost);
    return { layer: layerOfStep[step], kernel: kernel.label, workgroups, startMs, endMs };
  });
  return { host, gpu, uncertaintyMs };
}

/** Splits a run by its marks; `started` is when the caller's request came, `ended` when its results were ready. */
export function splitRun(marks: RunMarks, started: number, ended: number): RunTiming {
  const gpuMs = marks.gpu && spanMs(marks.gpu);
  return {
    uploadMs: marks.uploaded - started,
    encodeMs: marks.submitted - marks.uploaded,
    gpuMs,
    waitMs: Math.max(0, marks.mapped - marks.submitted - (gpuMs ?? 0)),
    readBackMs: ended - marks.mapped,
    totalMs: ended - started,
  };
}

/** The marks of a run of several programs: from the first one's start to the last one's end. */
export function joinMarks(marks: readonly RunMarks[]): RunMarks {
  const [first, last] = [marks.at(0), marks.at(-1)];
  if (!first || !last) {
    const now = performance.now();
    return { start: now, uploaded: now, submitted: now, mapped: now, end: now, gpu: { begin: 0n, end: 0n } };
  }
  const gpu = first.gpu && last.gpu && { begin: first.gpu.begin, end: last.gpu.end };
  return { ...last, start: first.start, uploaded: first.uploaded, gpu };
}

export function joinSteps(programs: readonly TimedSteps[]): TimedSteps {
  return {
    steps: programs.flatMap(({ steps }) => steps),
    submissions: programs.flatMap(({ submissions }) => submissions),
  };
}
