import { cpus, release } from 'node:os';
import type { Figures } from './measure.js';
import type { CreationParts } from './messages.js';

export interface BenchmarkReport {
  readonly date: string;
  readonly command: string;
  readonly adapter: string;
  readonly driver: string;
  readonly host: string;
  readonly figures: readonly Figures[];
}

export function benchmarkReport(figures: readonly Figures[], args: readonly string[]): BenchmarkReport {
  const ours = figures.find(({ adapter }) => adapter !== undefined);
  const [processor] = cpus();
  return {
    date: new Date().toISOString().slice(0, 10),
    command: `npm run bench:models -- ${args.join(' ')}`.trim(),
    adapter: ours?.adapter ?? 'unknown',
    driver: ours?.driver ?? 'unknown',
    host: `${cpus().length} x ${processor?.model.trim() ?? 'processor'}, Linux ${release()}, Node ${process.version}`,
    figures,
  };
}

const headings = [
  'batch',
  'runtime',
  'end to end ms',
  'p95 ms',
  'staged ms',
  'GPU ms',
  'layers ms',
  'images/s',
  'TFLOP/s',
  'dispatches',
  'peak MiB',
  'create ms',
  'first ms',
  'times ort-webgpu',
  'difference',
] as const;

/** Three significant digits, whole numbers from 100 on. */
function digits(value: number | undefined): string {
  if (value === undefined) return '-';
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

/** How many times faster than onnxruntime-node's WebGPU provider with the same model and batch. */
function timesPeer(row: Figures, all: readonly Figures[]): number | undefined {
  if (row.contender.startsWith('ort')) return undefined;
  const peer = all.find((f) => f.contender === 'ort-webgpu' && f.model === row.model && f.batch === row.batch);
  return row.medianMs && peer?.medianMs ? peer.medianMs / row.medianMs : undefined;
}

function cells(row: Figures, all: readonly Figures[]): string[] {
  return [
    String(row.batch),
    row.contender,
    digits(row.medianMs),
    digits(row.p95Ms),
    digits(row.stagedMs),
    digits(row.gpu?.wholeMs),
    digits(row.gpu?.layersMs),
    digits(row.imagesPerSecond),
    digits(row.teraflops),
    row.gpu ? String(row.gpu.dispatches) : '-',
    row.gpu ? digits(row.gpu.peakBytes / 2 ** 20) : '-',
    digits(row.createMs),
    digits(row.firstRunMs),
    digits(timesPeer(row, all)),
    row.difference === undefined ? '-' : row.difference.toExponential(1),
  ];
}

function table(rows: readonly Figures[]): string[] {
  const lines = [[...headings], ...rows.map((row) => cells(row, rows))];
  const widths = headings.map((_, i) => Math.max(...lines.map((line) => line[i].length)));
  const text = (line: readonly string[]) => `| ${line.map((cell, i) => cell.padEnd(widths[i])).join(' | ')} |`;
  return [text(lines[0]), text(widths.map((width) => '-'.repeat(width))), ...lines.slice(1).map(text)];
}

/** One model's table, what the creations were made of, and a line for each contender that could not be timed. */
export function modelTable(rows: readonly Figures[]): string {
  const creations = rows.flatMap(({ contender, createParts }) =>
    createParts ? [`Creation, ${contender}: ${creationText(createParts)}.`] : [],
  );
  const failures = rows.flatMap(({ contender, batch, failure }) =>
    failure === undefined ? [] : [`${contender}, batch ${batch}: ${failure}`],
  );
  const notes = [creations, failures].flatMap((lines) => (lines.length > 0 ? ['', ...lines] : []));
  return [...table(rows), ...notes].join('\n');
}

function creationText({ deviceMs, loadMs, lowerMs, uploadMs, compileMs }: CreationParts): string {
  const parts = { device: deviceMs, load: loadMs, lower: lowerMs, upload: uploadMs, compile: compileMs };
  return `${Object.entries(parts)
    .map(([name, ms]) => `${name} ${digits(ms)}`)
    .join(', ')} ms`;
}

const explanation = `"End to end" is from the inputs in host memory to the outputs in host memory, the median of all turns; the runtimes had a process
each and took turns. "Staged" is the same with inputs that were written before into memory that the GPU copies from (\`session.stageInput\`). "GPU" is one whole run between two timestamps, "layers" the sum of the layers timed one by one, less what a
pass of its own costs each dispatch. TFLOP/s is over "GPU". "Create" is from the file's path to a ready session with the device
opened, "first" the first run with that batch. "Creation" says its parts: opening the device, reading and understanding the file,
choosing kernels, uploading and packing weights while pipelines compile, and waiting for those that still do. The peak is of this project's own buffers. The difference is
max|output - reference| / max|reference| against onnxruntime's CPU provider.`;

export function markdown(report: BenchmarkReport): string {
  const names = [...new Set(report.figures.map(({ model }) => model))];
  const sections = names.map((name) => {
    const rows = report.figures.filter(({ model }) => model === name);
    return `## ${name}\n\n${modelTable(rows)}\n`;
  });
  const head = [
    `# Networks on ${report.adapter}`,
    '',
    `Driver ${report.driver}; ${report.host}; ${report.date}. Printed by \`${report.command}\`.`,
    '',
    explanation,
    '',
  ];
  return `${head.join('\n')}\n${sections.join('\n')}`;
}
