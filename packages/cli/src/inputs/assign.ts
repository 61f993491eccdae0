import { existsSync } from 'node:fs';
import { CliError } from '../errors.js';

function list(names: readonly string[]): string {
  return names.length === 0 ? 'it has no inputs' : `its inputs are ${names.join(', ')}`;
}

/**
 * Splits `[NAME=]FILE`. Both may hold '=', so the longest front that is an input's name wins, then a file of the whole
 * text's name.
 */
function split(value: string, names: readonly string[]): { readonly name?: string; readonly file: string } {
  const named = names.filter((name) => value.startsWith(`${name}=`)).sort((a, b) => b.length - a.length)[0];
  if (named !== undefined) return { name: named, file: value.slice(named.length + 1) };
  const at = value.indexOf('=');
  if (at < 0 || existsSync(value)) return { file: value };
  throw new CliError(`--input ${value}: the model has no input "${value.slice(0, at)}"; ${list(names)}`);
}

/**
 * Files by input, in the order given. A file without a name goes to the first input that no named and no earlier file
 * went to; a name given again adds to the input's files, which lie along the batch.
 */
export function assignFiles(values: readonly string[], names: readonly string[]): Map<string, string[]> {
  const parts = values.map((value) => split(value, names));
  const files = new Map<string, string[]>();
  const add = (name: string, file: string) => files.set(name, [...(files.get(name) ?? []), file]);
  for (const { name, file } of parts) if (name !== undefined) add(name, file);
  for (const { name, file } of parts) {
    if (name !== undefined) continue;
    const free = names.find((candidate) => !files.has(candidate));
    if (free === undefined) {
      const hint = names.length > 0 ? '; to stack files along the batch, repeat NAME=FILE with one name' : '';
      throw new CliError(`--input ${file}: no input is left for it, ${list(names)}${hint}`);
    }
    add(free, file);
  }
  return files;
}
