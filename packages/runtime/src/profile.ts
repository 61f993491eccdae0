import type { LayerTime, Profile } from './api.js';
import type { Program } from './program/types.js';

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** `samples[run][step]` in nanoseconds -> one row for each node that dispatches, in program order. */
export function summarize(program: Program, samples: readonly (readonly number[])[]): Profile {
  const rows = new Map<number, LayerTime>();
  program.steps.forEach((step, i) => {
    const ms = median(samples.map((times) => times[i])) / 1e6;
    const row = rows.get(step.node);
    const { name, opType, shape } = program.nodes[step.node];
    rows.set(step.node, {
      name,
      opType,
      algorithm: row && row.algorithm !== step.algorithm ? `${row.algorithm} + ${step.algorithm}` : step.algorithm,
      shape,
      dispatches: (row?.dispatches ?? 0) + 1,
      ms: (row?.ms ?? 0) + ms,
      flops: (row?.flops ?? 0) + step.flops,
      bytes: (row?.bytes ?? 0) + step.bytes,
    });
  });
  const layers = [...rows.values()];
  return { runs: samples.length, gpuMs: layers.reduce((sum, layer) => sum + layer.ms, 0), layers };
}
