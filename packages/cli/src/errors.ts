import type { TesseraError } from '@tessera/runtime';

/** What the process answers: 0 done, 1 failed, 2 wrong usage, 130 stopped by the user. */
export const EXIT = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/** A failure that the user can act on; `message` is one sentence. */
export class CliError extends Error {
  override readonly name = 'CliError';
  constructor(
    message: string,
    readonly exitCode: number = EXIT.failed,
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
  }
}

/** The message of anything thrown, on one line and without control characters. */
export function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text
    .replace(/\s*\n\s*/g, ' ')
    .replace(/[\u0000-\u001f\u007f-\u009f]/g, '?')
    .trim();
}

/** By its name, so that telling errors apart does not load the runtime. */
export function isTesseraError(error: unknown): error is TesseraError {
  return error instanceof Error && error.name === 'TesseraError';
}

/** The message, with the node concerned if it does not name it. */
export function withNode(error: TesseraError): string {
  const message = messageOf(error);
  return error.node !== undefined && !message.includes(error.node) ? `${message} (node ${error.node})` : message;
}

function oneSentence(error: unknown): string {
  const message = messageOf(error);
  if (error instanceof CliError) return message;
  if (isTesseraError(error)) return withNode(error);
  if (error instanceof Error && error.name === 'OnnxError') return message;
  return `internal error: ${message || 'no message'} (TESSERA_DEBUG=1 shows where)`;
}

/** The text for stderr: one line, and the stack under it where `debug` asks for it. */
export function errorLine(error: unknown, debug: boolean): string {
  const line = `infer: ${oneSentence(error)}\n`;
  if (!debug || !(error instanceof Error)) return line;
  const cause = error.cause instanceof Error ? `caused by ${error.cause.stack ?? error.cause.message}\n` : '';
  return `${line}${error.stack ?? ''}\n${cause}`;
}

const SYSTEM_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  ENOTDIR: 'a part of the path is not a directory',
  EISDIR: 'is a directory',
  EEXIST: 'exists and is not a directory',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space left on the disk',
  EDQUOT: 'the disk quota is used up',
  ENAMETOOLONG: 'the name is too long',
  EFBIG: 'the file would be too large',
};

/** What the system says about a file, in words. */
export function systemReason(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return SYSTEM_ERRORS[code] ?? messageOf(error);
}
