import type { Ceilings } from '@tessera/conv-kernels';
import type { LayerFigures, Rung } from './measure.js';

export interface LadderReport {
  readonly date: string;
  readonly command: string;
  readonly adapter: string;
  readonly driver: string;
  readonly ceilings: Ceilings;
  readonly isProcessorTime: boolean;
  /** The library that took part. */
  readonly peer?: string;
  readonly layers: readonly LayerFigures[];
}

/** A pick within this of the best counts as right. */
const tolerance = 1.1;

const headings = [
  'layer',
  'batch',
  'level 0 us',
  'best us',
  'best',
  'pick us',
  'pick',
  'pick/best',
  'GFLOP/s',
  'x level 0',
  'FMA %',
  'bytes %',
] as const;

/** The headings of layerCells. */
export function layerHeadings(isBesideCudnn: boolean): string[] {
  return [...headings, ...(isBesideCudnn ? ['cuDNN us', 'times cuDNN'] : [])];
}

/** One line of the summary: the pick against the best and against level 0 and the ceilings. */
export function layerCells(
  row: LayerFigures,
  { f32Flops, f16Flops, bytes }: Ceilings,
  isBesideCudnn: boolean,
): string[] {
  const { pick, rungs } = row;
  const [best] = rungs;
  const levelZero = rungs.find(({ algorithm }) => algorithm === 'direct');
  const multiplyAdds = row.elementType === 'f16' ? Math.max(f32Flops, f16Flops ?? 0) : f32Flops;
  return [
    row.layer,
    `${row.batch}${row.elementType === 'f16' ? ' f16' : ''}`,
    levelZero ? digits(levelZero.seconds * 1e6) : '-',
    digits(best.seconds * 1e6),
    rungName(best),
    digits(pick.seconds * 1e6),
    rungName(pick),
    (pick.seconds / best.seconds).toFixed(2),
    digits(row.flops / pick.seconds / 1e9),
    levelZero ? digits(levelZero.seconds / pick.seconds) : '-',
    digits((100 * row.flops) / pick.seconds / multiplyAdds),
    digits((100 * row.bytes) / pick.seconds / bytes),
    ...(isBesideCudnn ? cudnnCells(row) : []),
  ];
}

function cudnnCells({ cudnnSeconds, pick }: LayerFigures): string[] {
  if (cudnnSeconds === undefined) return ['-', '-'];
  return [digits(cudnnSeconds * 1e6), (cudnnSeconds / pick.seconds).toFixed(2)];
}

function rungName({ algorithm, variant }: Rung): string {
  return variant === algorithm ? algorithm : `${algorithm} ${variant}`;
}

/** Three significant digits, whole numbers from 100 on. */
export function digits(value: number): string {
  if (value >= 100) return value.toFixed(0);
  return value >= 0.01 ? value.toPrecision(3) : value.toExponential(1);
}

/** The device's ceilings in a line. */
export function ceilingsLine({ f32Flops, f16Flops, matrixFlops, bytes, launchSeconds, cores }: Ceilings): string {
  const parts = [
    `f32 ${digits(f32Flops / 1e9)} GFLOP/s`,
    ...(f16Flops ? [`f16 ${digits(f16Flops / 1e9)} GFLOP/s`] : []),
    ...(matrixFlops ? [`matrix units ${digits(matrixFlops / 1e9)} GFLOP/s`] : []),
    `copy ${digits(bytes / 1e9)} GB/s`,
    `a dispatch ${digits(launchSeconds * 1e6)} us`,
    `${cores} workgroups side by side`,
  ];
  return parts.join(', ');
}

/** What the layers show together, a sentence each. */
export function summaryLines(layers: readonly LayerFigures[]): string[] {
  const lines: string[] = [];
  for (const [name, rows] of groups(layers)) {
    const right = rows.filter(({ pick, rungs }) => pick.seconds <= tolerance * rungs[0].seconds).length;
    const sum = (seconds: (row: LayerFigures) => number): string =>
      digits(1e3 * rows.reduce((total, row) => total + row.count * seconds(row), 0));
    const picks = sum(({ pick }) => pick.seconds);
    const bests = sum(({ rungs }) => rungs[0].seconds);
    lines.push(
      `${name}: the pick is within 10% of the best on ${right} of ${rows.length} layers; ` +
        `all layers, as often as the network has them: ${picks} ms by the picks, ${bests} ms by the best.`,
    );
    if (rows.every(({ cudnnSeconds }) => cudnnSeconds !== undefined)) {
      const ahead = rows.filter(({ cudnnSeconds, pick }) => pick.seconds < cudnnSeconds!).length;
      lines.push(
        `${name}: the pick, with bias and ReLU, is ahead of cuDNN's plain convolution on ${ahead} of ${rows.length} layers.`,
      );
    }
    const crossing = fftCrossing(rows);
    if (crossing) lines.push(`${name}: ${crossing}`);
  }
  return lines;
}

/** From which kernel on fft is the fastest, where it ever is. */
function fftCrossing(rows: readonly LayerFigures[]): string | undefined {
  const kinds = [true, false].flatMap((isDepthwise) => {
    const kind = rows.filter((row) => row.isDepthwise === isDepthwise).sort((a, b) => a.kernel - b.kernel);
    const wins = kind.map(({ rungs }) => rungs[0].algorithm === 'fft');
    const from = wins.lastIndexOf(false) + 1;
    if (!wins.includes(true) || from >= kind.length) return [];
    return [`${isDepthwise ? 'depthwise' : 'dense'} from ${kind[from].kernel}x${kind[from].kernel} on`];
  });
  return kinds.length > 0 ? `fft is the fastest ${kinds.join(' and ')}.` : undefined;
}

/** Layers by set, batch and precision. */
function groups(layers: readonly LayerFigures[]): ReadonlyMap<string, readonly LayerFigures[]> {
  const found = new Map<string, LayerFigures[]>();
  for (const row of layers) {
    const name = `${row.set}, batch ${row.batch}${row.elementType === 'f16' ? ', f16' : ''}`;
    const rows = found.get(name);
    if (rows) rows.push(row);
    else found.set(name, [row]);
  }
  return found;
}

/** An adapter's name as part of a file's. */
export function adapterFile(adapter: string): string {
  return adapter
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
}

/** The whole report as Markdown. */
export function markdown(report: LadderReport): string {
  const { date, command, adapter, driver, ceilings, isProcessorTime, layers } = report;
  const clock = isProcessorTime
    ? 'Processor time of all threads together (a run on several cores takes less), the least of seven rounds in which'
    : 'GPU time by timestamp queries, the least of seven rounds in which';
  const sections = [...groups(layers)].flatMap(([name, rows]) => {
    const isBesideCudnn = rows.some(({ cudnnSeconds }) => cudnnSeconds !== undefined);
    return [
      `## ${name}`,
      table(
        layerHeadings(isBesideCudnn),
        rows.map((row) => layerCells(row, ceilings, isBesideCudnn)),
      ),
      'Microseconds of each algorithm, by its fastest variant timed:',
      algorithmTable(rows),
    ];
  });
  return `${[
    `# The ladder on ${adapter}`,
    [
      `Driver ${driver || 'not named'}; ${date}; printed by \`${command}\`.`,
      clock,
      'the candidates of a layer take turns; what is over three times the fastest so far is not run again. FMA % and bytes % are',
      "of the adapter's own ceilings, measured in the same run. `+` marks layers whose epilogue adds a residual.",
      ...(isProcessorTime
        ? ['Those ceilings are of the clock: on several cores the shares in clock time are higher.']
        : []),
    ].join('\n'),
    `Ceilings: ${ceilingsLine(ceilings)}.`,
    ...(report.peer
      ? [`Beside them, before the layers: ${report.peer}, f32 without TF32 in NCHW, f16 channels-last.`]
      : []),
    summaryLines(layers)
      .map((line) => `- ${line}`)
      .join('\n'),
    ...sections,
  ].join('\n\n')}\n`;
}

function algorithmTable(rows: readonly LayerFigures[]): string {
  const names = [...new Set(rows.flatMap(({ rungs }) => rungs.map(({ algorithm }) => algorithm)))].sort();
  const cells = rows.map((row) => [
    row.layer,
    ...names.map((name) => {
      const rung = row.rungs.find(({ algorithm }) => algorithm === name);
      return rung ? digits(rung.seconds * 1e6) : '';
    }),
  ]);
  return table(['layer', ...names], cells);
}

function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = headings.map((heading, i) => Math.max(3, heading.length, ...rows.map((row) => row[i].length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i])).join(' | ')} |`;
  return [line(headings), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}
