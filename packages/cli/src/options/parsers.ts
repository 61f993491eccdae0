import { InvalidArgumentError } from 'commander';

/** A finite number. */
export function parseNumber(text: string): number {
  const value = text.trim() === '' ? NaN : Number(text);
  if (!Number.isFinite(value)) throw new InvalidArgumentError(`"${text}" is not a number.`);
  return value;
}

/** Parser of a whole number of at least `min`. */
export function wholeNumber(min: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : NaN;
    if (!Number.isSafeInteger(value) || value < min) {
      throw new InvalidArgumentError(`It must be a whole number of at least ${min}.`);
    }
    return value;
  };
}

/** `0.5` or a fraction, `1/255`. */
export function parseScale(text: string): number {
  const [over, under, ...rest] = text.split('/').map(parseNumber);
  if (rest.length > 0 || under === 0)
    throw new InvalidArgumentError('It must be a number or a fraction, such as 1/255.');
  return over / (under ?? 1);
}

/** Numbers with commas between. */
export function parseList(text: string): number[] {
  return text.split(',').map(parseNumber);
}

export function parseStd(text: string): number[] {
  const values = parseList(text);
  if (values.includes(0)) throw new InvalidArgumentError('A divisor must not be 0.');
  return values;
}

/** `NAME=SIZE`, added to those before. */
export function parseDim(text: string, previous: Readonly<Record<string, number>>): Record<string, number> {
  const at = text.lastIndexOf('=');
  const size = text.slice(at + 1);
  if (at < 1 || !/^\d+$/.test(size) || !Number.isSafeInteger(Number(size))) {
    throw new InvalidArgumentError('It must be NAME=SIZE with a whole number, such as batch=4.');
  }
  return { ...previous, [text.slice(0, at)]: Number(size) };
}

export function parseInput(text: string, previous: readonly string[]): string[] {
  if (text === '' || text.endsWith('=')) throw new InvalidArgumentError('It must be FILE or NAME=FILE.');
  return [...previous, text];
}

/** Parser of a number of at least `min`. */
export function numberFrom(min: number): (text: string) => number {
  return (text) => {
    const value = parseNumber(text);
    if (value < min) throw new InvalidArgumentError(`It must be a number of at least ${min}.`);
    return value;
  };
}

/** `input:1x3x224x224,other:1x10`, as trtexec writes shapes; `scalar` for no dimensions. */
export function parseShapes(text: string, previous: Readonly<Record<string, readonly number[]>>) {
  const entries = text.split(',').map((part): [string, number[]] => {
    const at = part.lastIndexOf(':');
    const sizes = part.slice(at + 1);
    if (at < 1 || !/^(\d+(x\d+)*|scalar)$/.test(sizes)) {
      throw new InvalidArgumentError('It must be NAME:SIZExSIZE..., such as image:1x3x224x224, with commas between.');
    }
    return [part.slice(0, at), sizes === 'scalar' ? [] : sizes.split('x').map(Number)];
  });
  return { ...previous, ...Object.fromEntries(entries) };
}

/** Percentages with commas between, each above 0 and at most 100. */
export function parsePercentiles(text: string): number[] {
  const values = parseList(text);
  if (values.some((value) => value <= 0 || value > 100)) {
    throw new InvalidArgumentError('Percentiles must be above 0 and at most 100.');
  }
  return [...new Set(values)].sort((a, b) => a - b);
}
