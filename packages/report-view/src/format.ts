/** Three significant digits, without an exponent. */
export function threeDigits(value: number): string {
  return Number(value.toPrecision(3)).toString();
}

/** Milliseconds in the unit that fits. */
export function formatMs(ms: number): string {
  return ms < 1 ? `${threeDigits(ms * 1000)} µs` : ms < 1000 ? `${threeDigits(ms)} ms` : `${threeDigits(ms / 1000)} s`;
}

export function formatBytes(bytes: number): string {
  if (bytes < 1e3) return `${bytes} B`;
  if (bytes < 1e6) return `${threeDigits(bytes / 1e3)} kB`;
  return bytes < 1e9 ? `${threeDigits(bytes / 1e6)} MB` : `${threeDigits(bytes / 1e9)} GB`;
}

export function formatShape(shape: readonly number[]): string {
  return shape.length === 0 ? 'scalar' : shape.join('×');
}

/** A name cut in the middle, so that its two telling ends remain. */
export function shortened(name: string, longest = 34): string {
  if (name.length <= longest) return name;
  const half = Math.floor((longest - 1) / 2);
  return `${name.slice(0, half)}…${name.slice(name.length - half)}`;
}
