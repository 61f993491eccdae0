import type { LayerTime, Profile, Session, Tensor, ValueMetadata } from '@tessera/runtime';
import type { FeedPlan } from '../inputs/feeds.js';
import type { Timing } from '../measure.js';
import { classCount, rankClasses, type Ranking } from '../outputs/classes.js';
import { statisticsOf } from '../outputs/statistics.js';
import type { GpuReport, ReportedLayer, ReportedOutput, ReportedValue, RunReport } from './types.js';

export interface RunFacts {
  readonly file: string;
  readonly bytes: number;
  readonly session: Session;
  readonly plan: FeedPlan;
  readonly feeds: Readonly<Record<string, Tensor>>;
  readonly timing: Timing;
  readonly gpu: GpuReport;
  readonly outputs: readonly ReportedOutput[];
  readonly warnings: readonly string[];
}

function reportedValue({ name, dataType, dims }: ValueMetadata): ReportedValue {
  return { name, dataType, shape: dims ?? null };
}

/** Layers slowest first, `limit` of them or all. */
export function reportGpu(profile: Profile, limit?: number): GpuReport {
  const reported = ({ name, opType, algorithm, shape, dispatches, ms, flops, bytes }: LayerTime): ReportedLayer => ({
    ...{ name, opType, algorithm, shape, dispatches, ms, flops, bytes },
    share: profile.gpuMs > 0 ? ms / profile.gpuMs : 0,
    gflops: flops > 0 && ms > 0 ? flops / ms / 1e6 : null,
  });
  const layers = [...profile.layers].sort((a, b) => b.ms - a.ms).map(reported);
  return {
    available: true,
    runs: profile.runs,
    ms: profile.gpuMs,
    layerCount: layers.length,
    layers: layers.slice(0, limit),
  };
}

export interface ClassOptions {
  /** How many classes to rank; undefined for none. */
  readonly top?: number;
  readonly labels?: readonly string[];
  readonly labelsFile?: string;
}

/**
 * The outputs that hold classes: where labels are given, those with as many classes as labels, or else the first with
 * any, with a warning; without labels, every one with classes.
 */
function classOutputs(
  outputs: Readonly<Record<string, Tensor>>,
  options: ClassOptions,
  warnings: string[],
): Set<string> {
  if (options.top === undefined) return new Set();
  const counts = Object.entries(outputs).flatMap(([name, tensor]) => {
    const count = classCount(tensor);
    return count === undefined ? [] : [{ name, count }];
  });
  const { labels } = options;
  if (labels === undefined) return new Set(counts.map(({ name }) => name));
  const fitting = counts.filter(({ count }) => count === labels.length);
  if (fitting.length > 0) return new Set(fitting.map(({ name }) => name));
  if (counts.length === 0) {
    warnings.push(`no output is shaped like classes ([C], [N,C] or [N,C,1,1]), so ${options.labelsFile} names nothing`);
    return new Set();
  }
  const { name, count } = counts[0];
  warnings.push(`${options.labelsFile} has ${labels.length} labels, but output "${name}" has ${count} classes`);
  return new Set([name]);
}

/** What is to be said of each output; adds to `warnings`. */
export function reportOutputs(
  outputs: Readonly<Record<string, Tensor>>,
  files: Readonly<Record<string, string>>,
  options: ClassOptions,
  warnings: string[],
): ReportedOutput[] {
  const classified = classOutputs(outputs, options, warnings);
  return Object.entries(outputs).map(([name, tensor]) => {
    const classes: Ranking | undefined =
      classified.has(name) && options.top !== undefined ? rankClasses(tensor, options.top, options.labels) : undefined;
    return {
      name,
      dataType: tensor.dataType,
      shape: tensor.dims,
      file: files[name] ?? null,
      statistics: statisticsOf(tensor) ?? null,
      classes: classes ?? null,
    };
  });
}

export function buildReport(facts: RunFacts): RunReport {
  const { session, plan, feeds } = facts;
  const { adapter, precision, producer, irVersion, opsets, placements, ...rest } = session.report;
  const { loadMs, lowerMs, uploadMs, compileMs, nodes, dispatches, pipelines, weightBytes, activationBytes } = rest;
  const inputs = session.inputs.map(reportedValue);
  const outputs = session.outputs.map(reportedValue);
  return {
    schema: 'tessera.run',
    version: 1,
    model: { file: facts.file, bytes: facts.bytes, producer, irVersion, opsets, inputs, outputs },
    adapter,
    precision,
    seed: plan.seed,
    dims: plan.dims,
    assumedDims: plan.assumed,
    inputs: plan.sources.map((source) => {
      const { dataType, dims } = feeds[source.name];
      return { ...source, dataType, shape: dims };
    }),
    prepare: { loadMs, lowerMs, uploadMs, compileMs, nodes, dispatches, pipelines, weightBytes, activationBytes },
    placements,
    timing: facts.timing,
    gpu: facts.gpu,
    outputs: facts.outputs,
    warnings: facts.warnings,
  };
}
