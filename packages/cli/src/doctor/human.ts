import { byteSize, printable, shorten, significant } from '../report/format.js';
import type { Colors } from '../report/human.js';
import { FEATURES } from './examine.js';
import type { DoctorReport, ModelDiagnosis } from './types.js';

/** Nodes shown; --json has all. */
const SHOWN_NODES = 20;

function adapterLines({ adapters, adapter }: DoctorReport, colors: Colors): string[] {
  if (adapters.length === 0) return [colors.red('No adapter was found')];
  return adapters.flatMap(({ name, kind, driver, source, features }) => {
    const mark = name === adapter?.name ? colors.green('* ') : '  ';
    const about = [kind === 'gpu' ? 'GPU' : 'software', driver, source].filter(Boolean).join(', ');
    const used = FEATURES.map(({ feature }) => feature).filter((feature) => features.includes(feature));
    return [`${mark}${name} (${about})`, `    has ${used.join(', ') || 'none of the features that kernels use'}`];
  });
}

function useLines({ adapter }: DoctorReport): string[] {
  if (!adapter) return [];
  const { limits, ceilings } = adapter;
  const tera = (value: number | undefined, what: string) =>
    value === undefined ? [] : [`${what} ${significant(value / 1e12)} TFLOP/s`];
  return [
    `Workgroups: ${limits.maxInvocationsPerWorkgroup} invocations, ${byteSize(limits.maxWorkgroupStorage)} of shared memory, subgroups of ${limits.subgroupMinSize} to ${limits.subgroupMaxSize}`,
    `Bindings: ${limits.maxStorageBuffers} storage buffers of at most ${byteSize(limits.maxStorageBinding)}`,
    `Ceilings measured: ${[
      ...tera(ceilings.f32Flops, 'fp32'),
      ...tera(ceilings.f16Flops, 'fp16'),
      ...tera(ceilings.matrixFlops, 'matrix units'),
      `memory ${significant(ceilings.bytes / 1e9)} GB/s`,
      `launch ${significant(ceilings.launchSeconds * 1e6)} us a dispatch`,
    ].join(', ')}`,
  ];
}

function modelLines(model: ModelDiagnosis, colors: Colors): string[] {
  const { refusal, elsewhere, memory, file } = model;
  const nodes = elsewhere.slice(0, SHOWN_NODES).map(({ name, opType, why }) => {
    return `  ${shorten(printable(name), 60)} (${opType}): ${why}`;
  });
  const hidden = elsewhere.length - nodes.length;
  const place =
    elsewhere.length > 0
      ? `${elsewhere.length} ${elsewhere.length === 1 ? 'node' : 'nodes'} would not run on the GPU:`
      : 'every node runs on the GPU';
  const peak = memory && memory.weightBytes + memory.inputBytes + memory.activationBytes;
  return [
    refusal === null ? colors.green(`${file} runs`) : colors.red(`${file} cannot run: ${refusal}`),
    ...(refusal === null || elsewhere.length > 0 ? [place, ...nodes] : []),
    ...(hidden > 0 ? [`  and ${hidden} more (--json has them)`] : []),
    ...(memory && peak !== null
      ? [
          `Predicted peak memory: ${byteSize(peak)} (weights ${byteSize(memory.weightBytes)}, activations ${byteSize(memory.activationBytes)}, inputs ${byteSize(memory.inputBytes)})`,
        ]
      : []),
  ];
}

function section(title: string, lines: readonly string[], colors: Colors): string[] {
  return lines.length > 0 ? [colors.bold(title), ...lines.map((line) => `  ${line}`), ''] : [];
}

export function formatDoctor(report: DoctorReport, colors: Colors): string {
  const missing = report.missing.map(
    ({ what, effect, remedy }) => `${colors.yellow(what)}: ${effect}. To get it: ${remedy}`,
  );
  const lines = [
    ...section(`Adapters (Node ${report.node}, ${report.platform})`, adapterLines(report, colors), colors),
    ...section(`In use: ${report.adapter?.name ?? 'none'}`, useLines(report), colors),
    ...section('Missing', missing, colors),
    ...(report.model ? section('Model', modelLines(report.model, colors), colors) : []),
  ];
  return `${lines.join('\n').trimEnd()}\n`;
}
