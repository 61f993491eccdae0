import type { LayerTime, Precision, Profile } from '@tessera/runtime';
import type { Workload } from '../workload.js';
import type { CeilingsReport, ProfiledLayer, ProfileReport } from './types.js';

/** Operations a second that a layer's kind of kernel can do at most. */
function peakFlops({ algorithm }: LayerTime, precision: Precision, ceilings: CeilingsReport): number {
  if (/matrix/.test(algorithm) && ceilings.matrixFlops) return ceilings.matrixFlops;
  return precision === 'fp16' ? Math.max(ceilings.f32Flops, ceilings.f16Flops ?? 0) : ceilings.f32Flops;
}

function profiledLayer(layer: LayerTime, sumMs: number, precision: Precision, ceilings: CeilingsReport): ProfiledLayer {
  const { ms, flops, bytes, samplesMs } = layer;
  const totalMs = samplesMs.reduce((sum, sample) => sum + sample, 0);
  const rate = (count: number) => (count > 0 && ms > 0 ? (count / ms) * 1000 : null);
  const least = Math.max(flops / peakFlops(layer, precision, ceilings), bytes / ceilings.bytes) * 1000;
  return {
    ...layer,
    totalMs,
    averageMs: totalMs / samplesMs.length,
    share: sumMs > 0 ? ms / sumMs : 0,
    flopsPerSecond: rate(flops),
    bytesPerSecond: rate(bytes),
    roofline: ms > 0 && least > 0 ? least / ms : null,
  };
}

export function buildProfileReport(
  workload: Workload,
  profile: Profile,
  ceilings: CeilingsReport,
  isInterrupted: boolean,
): ProfileReport {
  const { session, plan, model, bytes } = workload;
  const { adapter, precision, memory } = session.report;
  const { f32Flops, f16Flops, matrixFlops, bytes: bandwidth, launchSeconds } = ceilings;
  return {
    schema: 'tessera.profile',
    version: 1,
    model: { file: model, bytes },
    adapter,
    precision,
    dims: plan.dims,
    assumedDims: plan.assumed,
    runs: profile.runs,
    parts: profile.parts,
    gpuMs: profile.gpuMs,
    passCostMs: profile.passCostMs,
    wholeMs: profile.wholeMs,
    profiledMs: profile.profiledMs,
    ceilings: { f32Flops, f16Flops, matrixFlops, bytes: bandwidth, launchSeconds },
    layers: profile.layers.map((layer) => profiledLayer(layer, profile.gpuMs, precision, ceilings)),
    timeline: profile.timeline,
    memory: memory!,
    isInterrupted,
    warnings: workload.warnings,
  };
}
