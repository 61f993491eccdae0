import type { BenchReport } from '@tessera/cli';

/** A network's report, or why there is none. */
export interface Row {
  readonly name: string;
  readonly report: BenchReport | string;
}

export interface Circumstances {
  readonly command: string;
  readonly machine: string;
  readonly node: string;
}

const digits = (value: number) => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));
const difference = (value: number | null | undefined) => (value == null ? '' : value.toExponential(1));

function cells({ name, report }: Row): string[] {
  if (typeof report === 'string') return [name, report, '', '', '', '', '', ''];
  const { latency, parts, layers, peer, runs } = report;
  return [
    name,
    digits(latency.median),
    parts.gpu ? digits(parts.gpu.median) : '',
    layers ? digits(layers.sumMs) : '',
    peer ? digits(peer.latency.median) : '',
    peer ? peer.ratio.toFixed(2) : '',
    difference(peer?.difference),
    String(runs),
  ];
}

const titles = ['network', 'ms', 'GPU ms', 'layers ms', 'peer ms', 'ratio', 'difference', 'runs'];

/** Aligned as Prettier does, so that the file stands as it is written. */
function markdownTable(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, column) => Math.max(3, ...rows.map((row) => row[column].length)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join(' | ')} |`;
  const rule = `| ${widths.map((width, i) => (i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  return [line(rows[0]), rule, ...rows.slice(1).map(line)].join('\n');
}

/** The page: what was measured how and on what, then a row for each network. */
export function table(rows: readonly Row[], { command, machine, node }: Circumstances): string {
  const first = rows.map(({ report }) => report).find((report): report is BenchReport => typeof report !== 'string');
  const peer = first?.peer;
  return `# Against ${peer ? `${peer.runtime} ${peer.version}` : 'a peer'}, ${first?.adapter.name ?? 'no adapter'}

Made by \`${command}\` on ${machine}, ${first ? `${first.adapter.driver}, ` : ''}Node ${node}. Medians of runs in turns, from inputs in
host memory to outputs in host memory, batch 1, ${first?.precision ?? 'fp32'}; the peer is its ${peer?.provider ?? 'provider'}. Times on a software adapter depend on what
else the machine does; the ratio, the peer's time over ours, does less. The difference is the largest of the outputs, relative.

${markdownTable([titles, ...rows.map(cells)])}
`;
}
