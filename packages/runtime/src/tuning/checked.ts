import { checkTuning, TuningFileError, type TuningFile } from '@tessera/conv-kernels';
import { TesseraError } from '../errors.js';

/** Times that a caller gives. Throws INVALID_INPUT where they are of no such form. */
export function checkedTuning(given: unknown): TuningFile {
  try {
    return checkTuning(given);
  } catch (cause) {
    if (!(cause instanceof TuningFileError)) throw cause;
    const remedy = 'give what Session.tune or parseTuning made';
    throw new TesseraError('INVALID_INPUT', `tuning: ${cause.message}`, { cause, remedy });
  }
}
