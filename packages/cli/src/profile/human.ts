import { shapeText } from '../inputs/values.js';
import { byteSize, passCostText, printable, shorten, significant } from '../report/format.js';
import type { Colors } from '../report/human.js';
import { textTable, type Column } from '../report/table.js';
import { groupLayers, type Grouping, type Order, type Row } from './group.js';
import type { ProfileReport } from './types.js';

export interface ProfileView {
  readonly group: Grouping;
  readonly sort: Order;
  /** Rows shown. */
  readonly top: number;
}

const NAME_WIDTH = 40;

const TIMES: readonly Column[] = [
  { title: 'Time(ms)' },
  { title: 'Avg.(ms)' },
  { title: 'Median(ms)' },
  { title: 'Time(%)' },
];
const RATES: readonly Column[] = [
  { title: 'GFLOP' },
  { title: 'TFLOP/s' },
  { title: 'GB/s' },
  { title: '% of roofline' },
];

const NAMES: Readonly<Record<Grouping, readonly Column[]>> = {
  layer: ['Layer', 'Operator', 'Algorithm', 'Shape'].map((title) => ({ title, align: 'left' })),
  operator: [{ title: 'Operator', align: 'left' }, { title: 'Layers' }],
  algorithm: [{ title: 'Algorithm', align: 'left' }, { title: 'Layers' }],
};

const times = ({ totalMs, averageMs, medianMs, share }: Omit<Row, 'key' | 'layers'>) => [
  significant(totalMs),
  significant(averageMs),
  significant(medianMs),
  (share * 100).toFixed(1),
];

function rates({ flops, bytes, medianMs, roofline }: Omit<Row, 'key' | 'layers'>): string[] {
  const timed = medianMs > 0;
  return [
    flops > 0 ? significant(flops / 1e9) : '',
    flops > 0 && timed ? significant(flops / medianMs / 1e9) : '',
    bytes > 0 && timed ? significant(bytes / medianMs / 1e6) : '',
    roofline === null ? '' : (roofline * 100).toFixed(1),
  ];
}

function names({ key, layers }: Row, grouping: Grouping): string[] {
  if (grouping !== 'layer') return [shorten(printable(key), NAME_WIDTH), String(layers.length)];
  const [{ name, opType, algorithm, shape }] = layers;
  return [shorten(printable(name), NAME_WIDTH), opType, shorten(algorithm, NAME_WIDTH), shapeText(shape)];
}

function total(rows: readonly Row[]): Omit<Row, 'key' | 'layers'> {
  const sum = (value: (row: Row) => number) => rows.reduce((all, row) => all + value(row), 0);
  return {
    totalMs: sum((row) => row.totalMs),
    averageMs: sum((row) => row.averageMs),
    medianMs: sum((row) => row.medianMs),
    share: sum((row) => row.share),
    flops: sum((row) => row.flops),
    bytes: sum((row) => row.bytes),
    roofline: null,
  };
}

function profiledRunsText({ runs, parts, profiledMs, wholeMs }: ProfileReport): string {
  const which = parts === 1 ? 'all dispatches timed in each' : `one of ${parts} parts of the dispatches timed in each`;
  const percent = ((profiledMs / wholeMs) * 100).toFixed(1);
  return `Profiled runs: ${runs * parts}, ${which}; on the GPU such a run takes ${significant(profiledMs)} ms (${percent}%)`;
}

function ceilingsText({ ceilings }: ProfileReport): string {
  const { f32Flops, f16Flops, matrixFlops, bytes, launchSeconds } = ceilings;
  const tera = (value: number | undefined, what: string) =>
    value === undefined ? [] : [`${what} ${significant(value / 1e12)} TFLOP/s`];
  return [
    ...tera(f32Flops, 'fp32'),
    ...tera(f16Flops, 'fp16'),
    ...tera(matrixFlops, 'matrix units'),
    `memory ${significant(bytes / 1e9)} GB/s`,
    `a dispatch ${significant(launchSeconds * 1e6)} us`,
  ].join(', ');
}

/** The table in trtexec's columns, with what the layers are and how near the adapter's ceilings they come. */
export function formatProfile(report: ProfileReport, view: ProfileView, colors: Colors): string {
  const { group, sort, top } = view;
  const rows = groupLayers(report, group, sort);
  const cells = rows.slice(0, top).map((row) => [...times(row), ...names(row, group), ...rates(row)]);
  const all = total(rows);
  const blank = NAMES[group].map((_, i) => (i === 0 ? 'Total' : ''));
  const table = textTable(
    [...TIMES, ...NAMES[group], ...RATES],
    [...cells, [...times(all), ...blank, ...rates(all)].map((cell) => colors.bold(cell))],
    colors,
  );
  const { model, adapter, precision, gpuMs, wholeMs, memory, runs } = report;
  const hidden = rows.length - cells.length;
  const lines = [
    `Model: ${model.file}, precision ${precision}`,
    `Adapter: ${adapter.name}; ceilings measured: ${ceilingsText(report)}`,
    '',
    colors.bold(`=== Profile (${runs} iterations) ===`),
    table,
    ...(hidden > 0 ? [`${hidden} more lines: --top ${rows.length} shows all`] : []),
    `Sum of the layers: ${significant(gpuMs)} ms; the whole run on the GPU without profiling: ${significant(wholeMs)} ms (${((gpuMs / wholeMs) * 100).toFixed(1)}%)`,
    `Timed one by one: ${passCostText(report)}`,
    profiledRunsText(report),
    `Memory: weights ${byteSize(memory.weightBytes)}, activations ${byteSize(memory.activationBytes)}, inputs ${byteSize(memory.inputBytes)}`,
    ...report.warnings.map((warning) => colors.yellow(warning)),
  ];
  return `${lines.join('\n')}\n`;
}
