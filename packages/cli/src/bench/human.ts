import { exponent, byteSize, milliseconds, passCostText, printable, shorten, significant } from '../report/format.js';
import type { Colors } from '../report/human.js';
import { textTable } from '../report/table.js';
import type { Summary } from './statistics.js';
import type { BaselineReport, BenchReport, Change, LayersReport } from './types.js';

const SHOWN_CHANGES = 10;

function summaryLine(title: string, summary: Summary): string {
  const { min, max, mean, median, percentiles, cv } = summary;
  const named = Object.entries(percentiles).map(([percentage, ms]) => `percentile(${percentage}%) = ${time(ms)}`);
  const parts = [`min = ${time(min)}`, `max = ${time(max)}`, `mean = ${time(mean)}`, `median = ${time(median)}`];
  return `${title}: ${[...parts, ...named].join(', ')}, cv = ${(cv * 100).toFixed(1)}%`;
}

const time = (ms: number) => `${significant(ms)} ms`;

function sizesText({ dims, assumedDims }: BenchReport): string {
  const sizes = Object.entries(dims).map(([symbol, size]) => {
    return `${symbol} = ${size}${assumedDims.includes(symbol) ? ' (assumed)' : ''}`;
  });
  return sizes.length > 0 ? `, ${sizes.join(', ')}` : '';
}

function headLines(report: BenchReport): string[] {
  const { model, adapter, precision, prepare } = report;
  const inputs = report.inputs.map(({ name, dataType, shape }) => `${printable(name)} ${dataType} ${shape.join('x')}`);
  return [
    `Model: ${model.file}, ${byteSize(model.bytes)}; ${inputs.join('; ')}${sizesText(report)}`,
    `Adapter: ${adapter.name} (${[adapter.kind, adapter.driver].filter(Boolean).join(', ')}), precision ${precision}`,
    `Session creation: ${milliseconds(report.sessionMs)} (load ${milliseconds(prepare.loadMs)}, ` +
      `lower ${milliseconds(prepare.lowerMs)}, upload ${milliseconds(prepare.uploadMs)}, ` +
      `compile ${milliseconds(prepare.compileMs)}); ${prepare.dispatches} dispatches, ${prepare.pipelines} pipelines, ` +
      `weights ${byteSize(prepare.weightBytes)}, activations ${byteSize(prepare.activationBytes)}`,
    `First inference: ${milliseconds(report.firstRunMs)}`,
    `Warmup completed ${report.warmUp.runs} queries over ${milliseconds(report.warmUp.ms)}`,
  ];
}

function performanceLines(report: BenchReport): string[] {
  const { latency, parts } = report;
  const gpu = parts.gpu ? [summaryLine('GPU Compute Time', parts.gpu)] : [];
  return [
    `Throughput: ${significant(report.throughput)} qps`,
    summaryLine('Latency', latency),
    summaryLine('Enqueue Time', parts.encode),
    summaryLine('H2D Latency', parts.upload),
    ...gpu,
    summaryLine(parts.gpu ? 'Launch and Wait' : 'GPU and Wait', parts.wait),
    summaryLine('D2H Latency', parts.readBack),
    `Total Host Walltime: ${significant(report.wallMs / 1000)} s, ${report.runs} queries`,
  ];
}

function layerLines(layers: LayersReport, latencyMs: number): string[] {
  const { gap } = layers;
  const parts = [
    `upload ${time(gap.uploadMs)}`,
    `encode ${time(gap.encodeMs)}`,
    `between and around the dispatches ${time(gap.dispatchMs)}`,
    `launch and wait ${time(gap.waitMs)}`,
    `read-back ${time(gap.readBackMs)}`,
  ];
  return [
    `End to end:        ${time(latencyMs)} (median)`,
    `Sum of the layers: ${time(layers.sumMs)} (${layers.rows.length} layers, each the median of ${layers.profiledRuns} times)`,
    `                   ${passCostText(layers)}`,
    `Gap:               ${time(layers.gapMs)}: ${parts.join(', ')}`,
  ];
}

function peerLines({ peer, latency }: BenchReport): string[] {
  if (!peer) return [];
  const verdict = peer.ratio >= 1 ? `${significant(peer.ratio)}x as fast` : `${significant(1 / peer.ratio)}x as slow`;
  return [
    `${peer.runtime} ${peer.version} (${peer.provider}): session creation ${milliseconds(peer.sessionMs)}, first inference ${milliseconds(peer.firstRunMs)}`,
    summaryLine('Latency', peer.latency),
    `Ratio: ${significant(peer.latency.median)} / ${significant(latency.median)} ms = ${significant(peer.ratio)} (this is ${verdict}; medians of runs in turns)`,
    ...(peer.difference === null ? [] : [`Largest difference of the outputs: ${exponent(peer.difference)} (relative)`]),
  ];
}

const percent = (change: number) => `${change >= 0 ? '+' : ''}${(change * 100).toFixed(1)}%`;

function baselineText(baseline: BaselineReport, colors: Colors): string {
  const row = (name: string, change: Change) => [
    change.isRegression ? colors.red(name) : name,
    significant(change.beforeMs),
    significant(change.afterMs),
    change.isRegression ? colors.red(percent(change.change)) : percent(change.change),
  ];
  const shown = baseline.layers.filter((layer, i) => layer.isRegression || i < SHOWN_CHANGES);
  const rows = [
    row('end to end', baseline.latency),
    ...shown.map((layer) => row(shorten(printable(layer.name), 48), layer)),
  ];
  const table = textTable(
    [{ title: 'layer', align: 'left' }, { title: 'before ms' }, { title: 'now ms' }, { title: 'change' }],
    rows,
    colors,
  );
  const unmatched = (names: readonly string[], what: string) =>
    names.length > 0 ? [`${names.length} layers ${what}: ${shorten(names.map(printable).join(', '), 100)}`] : [];
  return [table, ...unmatched(baseline.added, 'are new'), ...unmatched(baseline.removed, 'are gone')].join('\n');
}

function section(title: string, lines: readonly string[], colors: Colors): string[] {
  return lines.length > 0 ? ['', colors.bold(`=== ${title} ===`), ...lines] : [];
}

/** The report for people, in trtexec's terms. */
export function formatBench(report: BenchReport, colors: Colors): string {
  const lines = [
    ...headLines(report),
    ...section('Performance summary', performanceLines(report), colors),
    ...(report.layers
      ? section('End to end against the layers', layerLines(report.layers, report.latency.median), colors)
      : []),
    ...section('Peer', peerLines(report), colors),
    ...(report.baseline
      ? section(`Against ${report.baseline.file}`, [baselineText(report.baseline, colors)], colors)
      : []),
    ...section(
      'Warnings',
      report.warnings.map((warning) => colors.yellow(warning)),
      colors,
    ),
  ];
  return `${lines.join('\n')}\n`;
}
