import { readdirSync, readFileSync } from 'node:fs';
import { mergeTuning, parseTuning, tuningFile, TuningFileError, type TuningFile } from '@tessera/conv-kernels';
import { TesseraError } from '../errors.js';

/** What was measured on adapters known to the project, and ships with the package. */
const shippedFolder = new URL('../../tuning/', import.meta.url);

/** Reads a tuning file. Throws INVALID_INPUT, saying what is wrong with it. */
export function readTuningFile(path: string): TuningFile {
  try {
    return parseTuning(readFileSync(path, 'utf8'));
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    const unread = `it cannot be read: ${isMissing ? 'there is no such file' : (cause as Error).message}`;
    const reason = cause instanceof TuningFileError ? cause.message : unread;
    const remedy = 'give a file that Session.tune or infer tune made';
    throw new TesseraError('INVALID_INPUT', `tuning file ${path}: ${reason}`, { cause, remedy });
  }
}

let shipped: TuningFile | undefined;

/** All tuning files of the package, read once; none where a bundle left them out. */
export function shippedTuning(): TuningFile {
  return (shipped ??= mergeTuning(
    tuningFile([]),
    ...shippedPaths().map((url) => parseTuning(readFileSync(url, 'utf8'))),
  ));
}

function shippedPaths(): URL[] {
  try {
    const names = readdirSync(shippedFolder).filter((name) => name.endsWith('.json'));
    return names.sort().map((name) => new URL(name, shippedFolder));
  } catch {
    return [];
  }
}
