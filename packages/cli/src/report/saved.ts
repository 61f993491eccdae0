import { readFileSync } from 'node:fs';
import { CliError, systemReason } from '../errors.js';

interface Document {
  readonly schema: string;
  readonly version: number;
}

/**
 * Reads what `infer COMMAND --json` printed, for the option `flag`.
 * @throws CliError where the file cannot be read or is nothing of the kind.
 */
export function readSavedReport<T extends Document>(flag: string, file: string, command: string): T {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new CliError(`${flag} ${file} cannot be read: ${systemReason(error)}`);
  }
  const document = parsed(text);
  if (document?.schema === `tessera.${command}` && document.version === 1) return document as T;
  throw new CliError(`${flag} ${file} is not a report of infer ${command} --json`);
}

function parsed(text: string): Document | null {
  try {
    return JSON.parse(text) as Document | null;
  } catch {
    return null;
  }
}
