import { TesseraError } from './errors.js';

/** Throws INVALID_INPUT where an option is given and is no whole number from 1. */
export function requireCount(name: string, value: number | undefined): void {
  if (value === undefined || (Number.isSafeInteger(value) && value >= 1)) return;
  throw new TesseraError('INVALID_INPUT', `${name} is a whole number from 1, not ${value}`);
}
