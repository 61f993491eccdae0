import type { NodePlacement } from '@tessera/runtime';
import { folderOf } from './suite.js';

export type Status = 'passed' | 'failed' | 'excluded' | 'excluded, but passes';

export interface Row {
  readonly name: string;
  readonly status: Status;
  readonly ms: number;
  /** Why it failed; of an excluded case too. */
  readonly error?: string;
  /** Why it is excluded. */
  readonly reason?: string;
  /** Where its nodes ran. */
  readonly placements?: readonly NodePlacement[];
}

/** The operators an UNSUPPORTED_OPERATOR error names, with their domain where it is not the default one. */
export function missingOperators(error: string): string[] {
  const list = /operators not supported: (.*)$/.exec(error)?.[1] ?? '';
  return [...list.matchAll(/([\w.]+) \(opset/g)].map(([, name]) => name);
}

function countBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(keyOf(item), (counts.get(keyOf(item)) ?? 0) + 1);
  return counts;
}

const descending = (counts: Map<string, number>) => [...counts].sort((a, b) => b[1] - a[1]);

function folderLine(folder: string, rows: readonly Row[]): string {
  const of = countBy(
    rows.filter((row) => folderOf(row.name) === folder),
    (row) => row.status,
  );
  const statuses: readonly Status[] = ['passed', 'failed', 'excluded', 'excluded, but passes'];
  const counts = statuses.map((status) =>
    String(of.get(status) ?? 0).padStart(status === 'passed' ? 8 : status.length + 2),
  );
  return folder.padEnd(20) + counts.join('');
}

/** How many of the passed cases ran on the GPU, and why the others did not. */
function placementLine(rows: readonly Row[]): string {
  const passed = rows.filter((row) => row.status === 'passed' && row.placements);
  const runs = (row: Row, where: NodePlacement['where']) => row.placements!.some((node) => node.where === where);
  const onGpu = passed.filter((row) => runs(row, 'gpu') && !runs(row, 'cpu')).length;
  const mixed = passed.filter((row) => runs(row, 'gpu') && runs(row, 'cpu')).length;
  const onCpu = passed.filter((row) => !runs(row, 'gpu') && runs(row, 'cpu')).length;
  const known = passed.length - onGpu - mixed - onCpu;
  return `of the passed, ${onGpu} ran on the GPU, ${mixed} on the GPU and the CPU, ${onCpu} on the CPU, ${known} were known without a run`;
}

/** How many of the passed cases had an operator on the CPU, and the reasons. */
function cpuLines(rows: readonly Row[]): string[] {
  const nodes = rows
    .filter((row) => row.status === 'passed')
    .flatMap((row) => row.placements?.filter(({ where }) => where === 'cpu') ?? []);
  const reasonOf = ({ reason }: NodePlacement) => reason.replace(/"[^"]*"/g, 'a value');
  return descending(countBy(nodes, reasonOf)).map(([reason, count]) => {
    const types = [...new Set(nodes.filter((node) => reasonOf(node) === reason).map(({ opType }) => opType))];
    return `${String(count).padStart(6)} nodes on the CPU: ${reason} (${types.sort().join(', ')})`;
  });
}

/** Counts by folder, reason of exclusion and missing operator, and what the list of exclusions no longer needs. */
export function summaryLines(rows: readonly Row[], idlePatterns: readonly string[]): string[] {
  const folders = [...new Set(rows.map((row) => folderOf(row.name)))];
  const excluded = rows.filter((row) => row.reason !== undefined);
  const missing = countBy(
    rows.flatMap((row) => missingOperators(row.error ?? '')),
    (name) => name,
  );
  const passing = rows.filter((row) => row.status === 'excluded, but passes');
  const lines = ['', 'folder'.padEnd(20) + '  passed  failed  excluded  excluded, but passes'];
  lines.push(...folders.map((folder) => folderLine(folder, rows)));
  lines.push('', placementLine(rows), ...cpuLines(rows));
  if (excluded.length > 0) lines.push('', 'excluded:');
  for (const [reason, count] of descending(countBy(excluded, (row) => row.reason!))) {
    lines.push(`${String(count).padStart(6)}  ${reason}`);
  }
  if (missing.size > 0) {
    lines.push(
      '',
      `missing operators, by cases: ${descending(missing)
        .map(([name, count]) => `${name} ${count}`)
        .join(', ')}`,
    );
  }
  if (passing.length > 0) lines.push('', `excluded, but passing: ${passing.map((row) => row.name).join(', ')}`);
  if (idlePatterns.length > 0) lines.push('', `exclusions that fit no case: ${idlePatterns.join(', ')}`);
  return lines;
}
