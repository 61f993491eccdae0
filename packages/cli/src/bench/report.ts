import type { Profile, RunTiming } from '@tessera/runtime';
import type { Workload } from '../workload.js';
import type { Measured } from './measure.js';
import { summarize } from './statistics.js';
import type { BenchReport, LayersReport, PeerReport } from './types.js';

export interface BenchFacts {
  readonly workload: Workload;
  readonly measured: Measured;
  readonly percentiles: readonly number[];
  readonly profile: Profile | undefined;
  readonly peer: Omit<PeerReport, 'latency' | 'ratio'> | undefined;
  readonly isInterrupted: boolean;
}

/** trtexec's limits, above which a figure says more of something else than of the model. */
const ENQUEUE_LIMIT = 0.8;
const VARIATION_LIMIT = 0.025;

type Parts = BenchReport['parts'];

function warningsOf(parts: Parts): string[] {
  const { gpu, encode, upload, readBack } = parts;
  if (!gpu) return ['this adapter has no timestamps, so the time on the GPU is part of the wait'];
  const warnings: string[] = [];
  if (encode.median > ENQUEUE_LIMIT * gpu.median) {
    warnings.push('encoding takes nearly as long as the GPU: the CPU bounds the throughput, larger batches would help');
  }
  if (upload.median >= gpu.median || readBack.median >= gpu.median) {
    const which = upload.median >= gpu.median ? 'the upload of the inputs' : 'the read-back of the outputs';
    warnings.push(`${which} takes longer than the GPU: transfers bound the throughput`);
  }
  if (gpu.cv > VARIATION_LIMIT) {
    const percent = (gpu.cv * 100).toFixed(1);
    warnings.push(
      `the GPU's time varies by ${percent}% (coefficient of variation): its clocks move or it is shared; try a longer --warmUp or --duration`,
    );
  }
  return warnings;
}

/** The mean of a part over the run of median length, or the two in the middle: medians of parts do not add up. */
function middleRun(timings: readonly RunTiming[]): (part: (timing: RunTiming) => number) => number {
  const sorted = [...timings].sort((a, b) => a.totalMs - b.totalMs);
  const middle = sorted.slice((sorted.length - 1) >> 1, (sorted.length >> 1) + 1);
  return (part) => middle.reduce((sum, timing) => sum + part(timing), 0) / middle.length;
}

function layersReport(profile: Profile, timings: readonly RunTiming[]): LayersReport {
  const sumMs = profile.gpuMs;
  const middle = middleRun(timings);
  const totalMs = middle((timing) => timing.totalMs);
  const uploadMs = middle((timing) => timing.uploadMs);
  const encodeMs = middle((timing) => timing.encodeMs);
  const readBackMs = middle((timing) => timing.readBackMs);
  const gpuMs = middle((timing) => timing.gpuMs ?? profile.wholeMs);
  return {
    profiledRuns: profile.runs,
    sumMs,
    passCostMs: profile.passCostMs,
    gapMs: totalMs - sumMs,
    gap: {
      uploadMs,
      encodeMs,
      dispatchMs: gpuMs - sumMs,
      waitMs: totalMs - uploadMs - encodeMs - gpuMs - readBackMs,
      readBackMs,
    },
    rows: profile.layers.map(({ name, opType, algorithm, ms }) => {
      return { name, opType, algorithm, ms, share: sumMs > 0 ? ms / sumMs : 0 };
    }),
  };
}

export function buildBenchReport(facts: BenchFacts): BenchReport {
  const { workload, measured, percentiles, profile, peer } = facts;
  const { session, plan, feeds } = workload;
  const { report } = session;
  const ours = measured.rounds.map((round) => round.ours);
  const part = (of: (timing: RunTiming) => number) => summarize(ours.map(of), percentiles);
  const hasGpu = ours.every(({ gpuMs }) => gpuMs !== undefined);
  const latency = part(({ totalMs }) => totalMs);
  const parts: Parts = {
    upload: part(({ uploadMs }) => uploadMs),
    encode: part(({ encodeMs }) => encodeMs),
    gpu: hasGpu ? part(({ gpuMs }) => gpuMs!) : null,
    wait: part(({ waitMs }) => waitMs),
    readBack: part(({ readBackMs }) => readBackMs),
  };
  const peerTimes = measured.rounds.flatMap(({ peerMs }) => (peerMs === undefined ? [] : [peerMs]));
  const peerLatency = peer && summarize(peerTimes, percentiles);
  const { loadMs, lowerMs, uploadMs, compileMs, dispatches, pipelines, weightBytes, activationBytes } = report;
  return {
    schema: 'tessera.bench',
    version: 1,
    model: { file: workload.model, bytes: workload.bytes },
    adapter: report.adapter,
    precision: report.precision,
    seed: plan.seed,
    dims: plan.dims,
    assumedDims: plan.assumed,
    inputs: Object.entries(feeds).map(([name, { dataType, dims }]) => ({ name, dataType, shape: dims })),
    sessionMs: workload.sessionMs,
    prepare: { loadMs, lowerMs, uploadMs, compileMs, dispatches, pipelines, weightBytes, activationBytes },
    firstRunMs: measured.firstRunMs,
    warmUp: measured.warmUp,
    runs: ours.length,
    wallMs: measured.wallMs,
    throughput: 1000 / latency.mean,
    isInterrupted: facts.isInterrupted,
    latency,
    parts,
    layers: profile ? layersReport(profile, ours) : null,
    peer: peer && peerLatency ? { ...peer, latency: peerLatency, ratio: peerLatency.median / latency.median } : null,
    baseline: null,
    warnings: [...workload.warnings, ...warningsOf(parts)],
  };
}
