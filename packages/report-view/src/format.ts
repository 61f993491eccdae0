/** Three significant digits, without an exponent. */
export function threeDigits(value: number): string {
  return Number(value.toPrecision(3)).toString();
}

/** Milliseconds in the unit that fits. */
export function formatMs(ms: number): string {
  return ms < 1 ? `${threeDigits(ms * 1000)} µs` : ms < 1000 ? `${threeDigits(ms)} ms` : `${threeDigits(ms / 1000)} s`;
}

const prefixes = ['', 'k', 'M', 'G', 'T', 'P'];

/** A count with the largest decimal prefix that leaves at least 1: `4.09 GFLOP`, `26.5 MB`. */
export function quantity(value: number, unit: string): string {
  const step = value < 1 ? 0 : Math.min(prefixes.length - 1, Math.floor(Math.log10(value) / 3));
  return `${threeDigits(value / 1000 ** step)} ${prefixes[step]}${unit}`;
}

export function formatBytes(bytes: number): string {
  return quantity(bytes, 'B');
}

export function formatShape(shape: readonly number[]): string {
  return shape.length === 0 ? 'scalar' : shape.join('×');
}

/** A name cut in the middle, so that its two telling ends remain. */
function shortened(name: string, longest = 34): string {
  if (name.length <= longest) return name;
  const tail = Math.ceil((longest - 1) / 2);
  return `${name.slice(0, longest - 1 - tail)}…${name.slice(name.length - tail)}`;
}

/** A name with slashes without as many of its front parts as it takes; cut in the middle where even its last is too long. */
export function shortenedPath(name: string, longest: number): string {
  let rest = name;
  while (rest.length > longest && rest.includes('/', 1)) rest = rest.slice(rest.indexOf('/', 1) + 1);
  return shortened(rest, longest);
}
