/** Milliseconds in three digits, in the unit that fits. */
export function formatMs(ms: number): string {
  return ms < 1 ? `${threeDigits(ms * 1000)} µs` : ms < 1000 ? `${threeDigits(ms)} ms` : `${threeDigits(ms / 1000)} s`;
}

export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1e6 ? `${threeDigits(bytes / 1e3)} kB` : `${threeDigits(bytes / 1e6)} MB`;
}

export function threeDigits(value: number): string {
  return Number(value.toPrecision(3)).toString();
}

export function formatShape(dims: readonly (number | string)[]): string {
  return dims.length === 0 ? 'scalar' : dims.join('×');
}
