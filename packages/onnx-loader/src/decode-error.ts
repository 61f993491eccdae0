import { OnnxError } from './errors.js';

/**
 * Runs a decoder of protobuf bytes; whatever it throws becomes an OnnxError that begins with
 * the file's name and `subject`, except an OnnxError, which stays.
 */
export function decoding<T>(name: string, subject: string, decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    if (error instanceof OnnxError) throw error;
    throw new OnnxError(`${name} ${subject}: ${reasonOf(error)}.`, { cause: error });
  }
}

/** What protobuf's errors mean for a file. */
function reasonOf(error: unknown): string {
  const reason = error instanceof Error ? error.message : String(error);
  if (/index out of range|cut off/.test(reason)) return 'what it holds goes on beyond its end';
  return error instanceof RangeError && /call stack/i.test(reason) ? 'its messages nest too deeply' : reason;
}
