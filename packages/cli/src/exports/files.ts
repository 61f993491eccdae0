import type { ProfileReport } from '../profile/types.js';

const round = (value: number, digits: number) => Number(value.toFixed(digits));

/** trtexec's --exportProfile: an array of the count and, for each layer, its times in milliseconds. */
export function trtexecProfile({ layers, runs }: ProfileReport): object[] {
  const rows = layers.map(({ name, totalMs, averageMs, ms, share }) => ({
    name,
    timeMs: round(totalMs, 6),
    averageMs: round(averageMs, 6),
    medianMs: round(ms, 6),
    percentage: round(share * 100, 2),
  }));
  return [{ count: runs }, ...rows];
}

/**
 * An attachment for Netron, which shows the metrics of each node of the model. The time of a layer that stands for
 * several nodes is on the first of them, and the others name it.
 */
export function netronAttachment({ layers }: ProfileReport): object {
  const metrics = layers.flatMap(({ name, origins, ms, share, flopsPerSecond, algorithm }) => {
    const metric = (target: string, metricName: string, value: string | number) => ({
      kind: 'node',
      target,
      name: metricName,
      value,
    });
    const [first, ...rest] = origins.length > 0 ? origins : [name];
    return [
      metric(first, 'gpu_ms', round(ms, 6)),
      metric(first, 'gpu_percent', round(share * 100, 2)),
      ...(flopsPerSecond === null ? [] : [metric(first, 'tflops', round(flopsPerSecond / 1e12, 4))]),
      metric(first, 'algorithm', algorithm),
      ...rest.map((target) => metric(target, 'fused_into', first)),
    ];
  });
  return { signature: 'netron:attachment', metadata: [], metrics };
}

const CSV_COLUMNS: readonly [string, (layer: ProfileReport['layers'][number]) => string | number | null][] = [
  ['name', ({ name }) => name],
  ['operator', ({ opType }) => opType],
  ['algorithm', ({ algorithm }) => algorithm],
  ['shape', ({ shape }) => shape.join('x')],
  ['dispatches', ({ dispatches }) => dispatches],
  ['time_ms', ({ totalMs }) => totalMs],
  ['average_ms', ({ averageMs }) => averageMs],
  ['median_ms', ({ ms }) => ms],
  ['percent', ({ share }) => share * 100],
  ['flops', ({ flops }) => flops],
  ['bytes', ({ bytes }) => bytes],
  ['flops_per_second', ({ flopsPerSecond }) => flopsPerSecond],
  ['bytes_per_second', ({ bytesPerSecond }) => bytesPerSecond],
  ['roofline_percent', ({ roofline }) => roofline && roofline * 100],
  ['nodes', ({ origins }) => origins.join(' ')],
];

/** RFC 4180: quoted where a comma, quote or line end is in it. Text that a spreadsheet takes for a formula gets a quote mark before. */
function csvCell(value: string | number | null): string {
  if (value === null) return '';
  const text = typeof value === 'string' && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** One line for each layer, in the order they run, under a line of names. */
export function layersCsv({ layers }: ProfileReport): string {
  const lines = layers.map((layer) => CSV_COLUMNS.map(([, value]) => csvCell(value(layer))).join(','));
  return [CSV_COLUMNS.map(([name]) => name).join(','), ...lines].map((line) => `${line}\r\n`).join('');
}
