import type { ByteSource } from './model.js';
import { OnnxError } from './errors.js';

/** What conversions of one file share. */
export interface LoadContext {
  /** The error of a file: `what` is the rest of a sentence that begins with the file's name. */
  readonly error: (what: string) => OnnxError;
  /** Opens the file of an external location; undefined where the caller gave no way to. */
  readonly external?: (location: string) => ByteSource;
}

export function createContext(fileName: string, external?: (location: string) => ByteSource): LoadContext {
  return { error: (what) => new OnnxError(`${fileName}: ${what}`), external };
}
