import { readSavedReport } from '../report/saved.js';
import type { BaselineReport, BenchReport, Change } from './types.js';

/** Layers below this share of the time, before and after, count for nothing: they are shorter than the noise. */
const SHARE_FLOOR = 0.01;

/** Reads what `infer bench --json` printed. */
export function readBaseline(file: string): BenchReport {
  return readSavedReport('--baseline', file, 'bench');
}

function changeOf(beforeMs: number, afterMs: number, threshold: number, counts = true): Change {
  const change = beforeMs > 0 ? afterMs / beforeMs - 1 : 0;
  return { beforeMs, afterMs, change, isRegression: counts && change * 100 > threshold };
}

/** Says where a baseline was measured on something else, so that its times mean little; undefined where it was not. */
export function unlikeBaseline(report: BenchReport, baseline: BenchReport, file: string): string | undefined {
  const shapes = ({ inputs }: BenchReport) => inputs.map(({ name, shape }) => `${name} ${shape.join('x')}`).join(', ');
  const facts: readonly (readonly [what: string, of: (report: BenchReport) => string])[] = [
    ['adapter', ({ adapter }) => adapter.name],
    ['precision', ({ precision }) => precision],
    ['inputs', shapes],
  ];
  const unlike = facts.filter(([, of]) => of(report) !== of(baseline));
  if (unlike.length === 0) return undefined;
  const told = unlike.map(([what, of]) => `${what} ${of(baseline)}, not ${of(report)}`);
  return `${file} was measured with ${told.join('; ')}`;
}

/** Compares medians, end to end and layer by layer. @param threshold percent. */
export function compareWithBaseline(
  report: BenchReport,
  baseline: BenchReport,
  file: string,
  threshold: number,
): BaselineReport {
  const before = new Map((baseline.layers?.rows ?? []).map((row) => [row.name, row]));
  const after = report.layers?.rows ?? [];
  const names = new Set(after.map(({ name }) => name));
  const layers = after.flatMap((row) => {
    const old = before.get(row.name);
    if (!old) return [];
    const counts = Math.max(row.share, old.share) >= SHARE_FLOOR;
    return [{ name: row.name, ...changeOf(old.ms, row.ms, threshold, counts) }];
  });
  return {
    file,
    threshold,
    latency: changeOf(baseline.latency.median, report.latency.median, threshold),
    layers: layers.sort((a, b) => b.afterMs - b.beforeMs - (a.afterMs - a.beforeMs)),
    added: after.filter(({ name }) => !before.has(name)).map(({ name }) => name),
    removed: [...before.keys()].filter((name) => !names.has(name)),
  };
}
