/** Grey values row by row, 0..255, where 255 is ink. */
export interface Grey {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

const SHADES = [' ', '░', '▒', '▓', '█'];

/** A picture as lines of text. A pixel takes two characters, which together are about as wide as high. */
export function shadeLines({ width, height, data }: Grey): string[] {
  return Array.from({ length: height }, (_, y) => {
    const row = [...data.subarray(y * width, (y + 1) * width)];
    return row.map((value) => SHADES[Math.round((value / 255) * (SHADES.length - 1))].repeat(2)).join('');
  });
}

/** Blocks of lines of one width each, side by side, as many as fit into `columns`, the rest below. */
export function sideBySide(blocks: readonly (readonly string[])[], width: number, columns: number): string {
  const gap = '   ';
  const fitting = Math.floor((columns + gap.length) / (width + gap.length));
  const perRow = Math.max(1, Math.min(6, fitting));
  const rows: string[] = [];
  for (let first = 0; first < blocks.length; first += perRow) {
    const row = blocks.slice(first, first + perRow);
    for (let line = 0; line < row[0].length; line++) rows.push(row.map((block) => block[line]).join(gap));
    rows.push('');
  }
  return rows.join('\n');
}
