import Table from 'cli-table3';
import type { Colors } from './human.js';

export interface Column {
  readonly title: string;
  /** Text stands to the left, numbers to the right. */
  readonly align?: 'left' | 'right';
}

const GAPS = {
  ...{ top: '', 'top-mid': '', 'top-left': '', 'top-right': '', bottom: '', 'bottom-mid': '', 'bottom-left': '' },
  ...{ 'bottom-right': '', left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '', middle: '  ' },
};

/** Rows of text under bold titles, without any lines; to the right unless a column says otherwise. */
export function textTable(columns: readonly Column[], rows: readonly (readonly string[])[], colors: Colors): string {
  const table = new Table({
    head: columns.map(({ title }) => colors.bold(title)),
    colAligns: columns.map(({ align }) => align ?? 'right'),
    chars: GAPS,
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 0 },
  });
  for (const row of rows) table.push([...row]);
  return table.toString();
}
