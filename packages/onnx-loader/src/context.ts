import type { ByteSource } from './model.js';
import { OnnxError } from './errors.js';

const LONGEST_MESSAGE = 1000;

/** What conversions of one file share. */
export interface LoadContext {
  /** The error of a file: `what` follows the file's name and a colon, and ends without a full stop. */
  readonly error: (what: string) => OnnxError;
  /** Opens the file of an external location; undefined where the caller gave no way to. */
  readonly external?: (location: string) => ByteSource;
}

export function createContext(fileName: string, external?: (location: string) => ByteSource): LoadContext {
  return { error: (what) => new OnnxError(`${fileName}: ${shorten(what)}.`), external };
}

/** Names and dims come from the file and may be of any length. */
function shorten(text: string): string {
  return text.length <= LONGEST_MESSAGE ? text : `${text.slice(0, LONGEST_MESSAGE)}…`;
}
