import { writeFileSync } from 'node:fs';

/** One line of fixed columns: the first to the left, the others to the right. */
export function columns(cells: readonly string[], widths: readonly number[]): string {
  return cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i] ?? 0))).join('  ');
}

/** Prints `N passed, N failed`, writes the JSON file where one is asked for, and ends the process: 1 on a failure. */
export function finish(rows: readonly { readonly passed: boolean }[], json: string | undefined): never {
  const failed = rows.filter((row) => !row.passed).length;
  if (json) writeFileSync(json, `${JSON.stringify(rows, null, 2)}\n`);
  console.log(`${rows.length - failed} passed, ${failed} failed`);
  process.exit(failed > 0 || rows.length === 0 ? 1 : 0);
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
