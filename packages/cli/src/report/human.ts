import Table from 'cli-table3';
import type { NodePlacement } from '@tessera/runtime';
import type { createColors } from 'picocolors';
import { describeTensor, shapeText } from '../inputs/values.js';
import type { ClassScore } from '../outputs/classes.js';
import { byteSize, milliseconds, plainNumber, printable, shorten, significant } from './format.js';
import type { GpuReport, ReportedInput, ReportedOutput, ReportedValue, RunReport } from './types.js';

export type Colors = ReturnType<typeof createColors>;

/** Items of a batch whose classes are shown; --json has all. */
const SHOWN_ITEMS = 4;
const LABEL_WIDTH = 10;

function section(title: string, lines: readonly string[], colors: Colors): string[] {
  return lines.map((line, i) => `${i === 0 ? colors.bold(title.padEnd(LABEL_WIDTH)) : ' '.repeat(LABEL_WIDTH)}${line}`);
}

function declared({ name, dataType, shape }: ReportedValue): string {
  return `${printable(name)}: ${shape ? describeTensor(dataType, shape) : `${dataType} of any shape`}`;
}

function modelLines({ model }: RunReport): string[] {
  const opsets = Object.entries(model.opsets).map(
    ([domain, version]) => `${domain === 'ai.onnx' ? '' : `${domain} `}${version}`,
  );
  const producer = model.producer ? `, by ${printable(model.producer)}` : '';
  return [
    `${model.file}, ${byteSize(model.bytes)}${producer}, IR ${model.irVersion}, opset ${opsets.join(', ')}`,
    ...model.inputs.map((value) => `takes ${declared(value)}`),
    ...model.outputs.map((value) => `gives ${declared(value)}`),
  ];
}

function adapterLines({ adapter, precision }: RunReport, colors: Colors): string[] {
  const about = [adapter.kind === 'gpu' ? 'GPU' : 'software', adapter.driver, adapter.source].filter(Boolean);
  const lines = [`${adapter.name} (${about.join(', ')}), precision ${precision}`];
  return adapter.note ? [...lines, colors.yellow(adapter.note)] : lines;
}

function inputLine(input: ReportedInput, seed: number): string {
  const from = input.kind === 'random' ? `random (seed ${seed})` : input.files.join(' + ');
  return `${printable(input.name)}: ${describeTensor(input.dataType, input.shape)} from ${from}`;
}

function inputLines(report: RunReport, colors: Colors): string[] {
  const lines = report.inputs.map((input) => inputLine(input, report.seed));
  const sizes = Object.entries(report.dims).map(([symbol, size]) => {
    return report.assumedDims.includes(symbol) ? colors.yellow(`${symbol} = ${size} (assumed)`) : `${symbol} = ${size}`;
  });
  const hint = report.assumedDims.length > 0 ? '; --dim NAME=SIZE sets one' : '';
  return sizes.length > 0 ? [...lines, `sizes: ${sizes.join(', ')}${hint}`] : lines;
}

function prepareLines({ prepare, placements }: RunReport): string[] {
  const times = [
    `load ${milliseconds(prepare.loadMs)}`,
    `lower ${milliseconds(prepare.lowerMs)}`,
    `upload ${milliseconds(prepare.uploadMs)}`,
    `compile ${milliseconds(prepare.compileMs)}`,
  ];
  return [
    times.join(', '),
    `${prepare.nodes} nodes, ${prepare.dispatches} dispatches, ${prepare.pipelines} pipelines; ` +
      `weights ${byteSize(prepare.weightBytes)}, activations ${byteSize(prepare.activationBytes)}`,
    ...cpuLines(placements),
  ];
}

/** Nodes on the CPU, the first few by name; --json has all. */
const SHOWN_NODES = 3;

function cpuLines(placements: readonly NodePlacement[]): string[] {
  const onCpu = placements.filter(({ where }) => where === 'cpu');
  if (onCpu.length === 0) return [];
  const names = onCpu
    .slice(0, SHOWN_NODES)
    .map(({ name, opType, reason }) => `${printable(name)} (${opType}: ${reason})`);
  const rest = onCpu.length > SHOWN_NODES ? ', ...' : '';
  return [`on the CPU ${onCpu.length} of ${placements.length} nodes: ${names.join(', ')}${rest}`];
}

function timeLines({ timing, gpu }: RunReport): string[] {
  const { runs, medianMs, minMs, maxMs } = timing;
  const spread =
    runs > 1 ? ` median of ${runs} runs (${milliseconds(minMs)} to ${milliseconds(maxMs)})` : ' in one run';
  const layers = gpu.available
    ? `GPU ${milliseconds(gpu.ms)} summed over ${gpu.layerCount} layers (each the median of ${gpu.runs} times)`
    : `GPU time is not known: ${gpu.reason}`;
  return [`first run ${milliseconds(timing.firstRunMs)}`, `end to end ${milliseconds(medianMs)}${spread}`, layers];
}

/** A table of the slowest layers, at most `limit`; empty where there are none to show. */
function layerTable(gpu: GpuReport, limit: number, colors: Colors): string {
  if (!gpu.available || gpu.layers.length === 0 || limit === 0) return '';
  const shown = gpu.layers.slice(0, limit);
  const head = ['layer', 'operator', 'algorithm', 'shape', 'ms', '%', 'GFLOP/s'].map((title) => colors.bold(title));
  const right = 'right' as const;
  const left = 'left' as const;
  const table = new Table({
    head,
    colAligns: [left, left, left, left, right, right, right],
    style: { head: [], border: [], compact: true },
  });
  for (const layer of shown) {
    table.push([
      shorten(printable(layer.name), 40),
      layer.opType,
      shorten(layer.algorithm, 40),
      shapeText(layer.shape),
      significant(layer.ms),
      (layer.share * 100).toFixed(1),
      layer.gflops === null ? '' : significant(layer.gflops),
    ]);
  }
  const title = `Slowest layers (${shown.length} of ${gpu.layerCount})`;
  return `${colors.bold(title)}\n${table.toString()}`;
}

function statisticsText({ statistics }: ReportedOutput, colors: Colors): string {
  if (!statistics) return '';
  const { min, max, mean, std, nan, inf } = statistics;
  const parts: string[] = [];
  if (min !== null && max !== null && mean !== null && std !== null) {
    parts.push(`min ${plainNumber(min)}, max ${plainNumber(max)}, mean ${plainNumber(mean)}, std ${plainNumber(std)}`);
  }
  if (nan > 0) parts.push(colors.red(`${nan} NaN`));
  if (inf > 0) parts.push(colors.red(`${inf} infinite`));
  return parts.length > 0 ? parts.join(', ') : 'empty';
}

function classLine(entry: ClassScore): string {
  const name = entry.label === null ? `class ${entry.index}` : `${printable(entry.label)} (${entry.index})`;
  const score = `score ${plainNumber(entry.score)}`;
  return entry.probability === null
    ? `${name}: ${score}`
    : `${(entry.probability * 100).toFixed(1)}% ${name}: ${score}`;
}

const SCORES_ARE = {
  probabilities: 'the scores are probabilities',
  independent: 'the scores are taken as independent of each other',
  logits: 'the percentages are the softmax of the scores',
} as const;

function classLines({ classes }: ReportedOutput): string[] {
  if (!classes || classes.items.length === 0) return [];
  const many = classes.items.length > 1;
  const lines = classes.items.slice(0, SHOWN_ITEMS).flatMap((item, i) => {
    return item.map((entry) => `    ${many ? `item ${i}: ` : ''}${classLine(entry)}`);
  });
  const hidden = classes.items.length - SHOWN_ITEMS;
  const more = hidden > 0 ? [`    and ${hidden} more items (--json has them)`] : [];
  return [`  best ${classes.items[0].length} classes (${SCORES_ARE[classes.scores]}):`, ...lines, ...more];
}

function outputLines(output: ReportedOutput, colors: Colors): string[] {
  const head = `${printable(output.name)}: ${describeTensor(output.dataType, output.shape)}`;
  const file = output.file === null ? [] : [`  written to ${output.file}`];
  const numbers = statisticsText(output, colors);
  return [head, ...(numbers ? [`  ${numbers}`] : []), ...file, ...classLines(output)];
}

/** The report for people, ending in a line end. `layers` is how many of the slowest layers are shown. */
export function formatReport(report: RunReport, layers: number, colors: Colors): string {
  const table = layerTable(report.gpu, layers, colors);
  const lines = [
    ...section('Model', modelLines(report), colors),
    ...section('Adapter', adapterLines(report, colors), colors),
    ...section('Inputs', inputLines(report, colors), colors),
    ...section('Prepare', prepareLines(report), colors),
    ...section('Time', timeLines(report), colors),
    ...(table ? ['', table, ''] : []),
    ...section(
      'Outputs',
      report.outputs.flatMap((output) => outputLines(output, colors)),
      colors,
    ),
    ...section(
      'Warnings',
      report.warnings.map((warning) => colors.yellow(warning)),
      colors,
    ),
  ];
  return `${lines.join('\n')}\n`;
}
