import type { ReportData } from '@tessera/report-view';
import type { ProfileReport } from '../profile/types.js';
import { byteSize, milliseconds, significant } from '../report/format.js';

/** What the page draws of a profile. */
function reportData(report: ProfileReport): ReportData {
  const { model, adapter, precision, dims, runs, parts, layers, gpuMs, wholeMs, passCostMs, ceilings, memory } = report;
  const flops = layers.reduce((sum, layer) => sum + layer.flops, 0);
  const sizes = Object.entries(dims).map(([symbol, size]) => `${symbol} = ${size}`);
  return {
    title: model.file.split(/[\\/]/).at(-1) ?? model.file,
    facts: [
      { label: 'Adapter', value: adapter.name },
      { label: 'Precision', value: [precision, ...sizes].join(', ') },
      { label: 'GPU, whole run', value: milliseconds(wholeMs) },
      { label: `Sum of ${layers.length} layers`, value: milliseconds(gpuMs) },
      { label: 'A pass of its own', value: `${significant(passCostMs * 1e3)} us, taken off each dispatch` },
      {
        label: 'Arithmetic',
        value: `${significant(flops / 1e9)} GFLOP, ${significant(flops / wholeMs / 1e9)} TFLOP/s`,
      },
      { label: 'Weights', value: byteSize(memory.weightBytes) },
      { label: 'Activations', value: byteSize(memory.activationBytes) },
      {
        label: 'Profiled runs',
        value: parts === 1 ? String(runs) : `${runs * parts}, one of ${parts} parts timed in each`,
      },
    ],
    profile: report,
    limits: ceilings,
    memory,
  };
}

const escapeText = (text: string) => text.replace(/[&<>]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[c]!);

/** JSON that cannot end the script element it stands in. */
const embed = (value: unknown) => JSON.stringify(value).replaceAll('<', '\\u003c');

/** One page with all it needs in it: timeline, layers, roofline and memory plan. */
export async function htmlReport(report: ProfileReport): Promise<string> {
  const { pageScript } = await import('@tessera/report-view/node');
  const data = reportData(report);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeText(data.title)}: profile</title>
<style>body { margin: 0 }</style>
</head>
<body>
<main id="report"></main>
<script id="data" type="application/json">${embed(data)}</script>
<script>${(await pageScript()).replaceAll('</script', '<\\/script')}</script>
</body>
</html>
`;
}
