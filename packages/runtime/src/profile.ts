import type { DispatchTime, LayerReport, LayerTime, Profile, RunTiming, Timeline } from './api.js';
import type { RunMarks, TimedSteps } from './device/executor.js';
import { withoutPassCost, type PassCost } from './device/pass-cost.js';
import { spanMs, type PassSpan } from './device/timestamps.js';
import type { Program } from './program/types.js';
import { layersOf } from './report.js';

/** Results of profiling: per run, all steps one by one, and the whole between one pair of timestamps. */
export interface ProfileSamples {
  /** What timing the steps one by one adds to each. */
  readonly cost: PassCost;
  readonly steps: readonly TimedSteps[];
  readonly wholes: readonly RunMarks[];
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Sums and medians of the samples, one row for each layer, in program order. */
export function summarize(program: Program, samples: ProfileSamples): Profile {
  const { layers, layerOfStep } = layersOf(program);
  const stepMs = (span: PassSpan) => withoutPassCost(spanMs(span), samples.cost);
  const runs = samples.steps.map(({ steps }) => layerTimes(layers, layerOfStep, steps.map(stepMs)));
  const lengths = runs.map((times) => times.reduce((sum, ms) => sum + ms, 0));
  const typical = samples.steps[indexOfMedian(lengths)];
  const timeline = layOnHost(typical, samples, program, layerOfStep);
  const times = layers.map((layer, i): LayerTime => {
    const samplesMs = runs.map((run) => run[i]);
    const first = timeline.gpu.find((dispatch) => dispatch.layer === i)!;
    return { ...layer, ms: median(samplesMs), samplesMs, startMs: first.startMs - timeline.gpu[0].startMs };
  });
  return {
    runs: runs.length,
    gpuMs: times.reduce((sum, layer) => sum + layer.ms, 0),
    passCostMs: samples.cost.passMs,
    wholeMs: median(samples.wholes.map(({ gpu }) => spanMs(gpu!))),
    layers: times,
    timeline,
  };
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
function clockOffset({ steps, wholes }: ProfileSamples, base: bigint): { offsetMs: number; uncertaintyMs: number } {
  const ms = (stamp: bigint) => Number(stamp - base) / 1e6;
  const bounds = [
    ...wholes.map(({ gpu, uploaded, mapped }) => [uploaded - ms(gpu!.begin), mapped - ms(gpu!.end)]),
    ...steps.map((run) => [
      run.submissions[0].uploaded - ms(run.steps[0].begin),
      run.submissions.at(-1)!.mapped - ms(run.steps.at(-1)!.end),
    ]),
  ];
  const low = Math.max(...bounds.map(([bound]) => bound));
  const high = Math.min(...bounds.map(([, bound]) => bound));
  return { offsetMs: (low + high) / 2, uncertaintyMs: Math.abs(high - low) / 2 };
}

function layOnHost(
  run: TimedSteps,
  samples: ProfileSamples,
  program: Program,
  layerOfStep: readonly number[],
): Timeline {
  if (run.steps.length === 0) return { host: [], gpu: [], uncertaintyMs: 0 };
  const base = run.steps[0].begin;
  const { offsetMs, uncertaintyMs } = clockOffset(samples, base);
  const { start } = run.submissions[0];
  const host = run.submissions.flatMap((marks): Timeline['host'] => [
    { name: 'upload', startMs: marks.start - start, endMs: marks.uploaded - start },
    { name: 'encode', startMs: marks.uploaded - start, endMs: marks.submitted - start },
    { name: 'wait', startMs: marks.submitted - start, endMs: marks.end - start },
  ]);
  const gpu = run.steps.map(({ begin, end }, step): DispatchTime => {
    const startMs = Number(begin - base) / 1e6 + offsetMs - start;
    const { kernel, workgroups } = program.steps[step];
    const endMs = startMs + withoutPassCost(spanMs({ begin, end }), samples.cost);
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
