import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Tensor } from '@tessera/runtime';
import { CliError, systemReason } from '../errors.js';
import { encodeNpy } from '../npy.js';
import { outputFileNames } from './names.js';

/** Makes the directory and those above it. */
export function prepareDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true });
  } catch (error) {
    throw new CliError(`--output-dir ${directory} cannot be made: ${systemReason(error)}`);
  }
}

/** Writes a file under another name and renames it, so that no half file is ever seen. */
function writeWhole(path: string, bytes: Uint8Array): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(temporary, bytes);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw new CliError(`${path} cannot be written: ${systemReason(error)}`);
  }
}

/** Writes each tensor to DIRECTORY/NAME.npy and gives the paths by name. */
export function writeOutputs(directory: string, outputs: Readonly<Record<string, Tensor>>): Record<string, string> {
  const names = Object.keys(outputs);
  const files = outputFileNames(names);
  return Object.fromEntries(
    names.map((name, i) => {
      const path = join(directory, files[i]);
      writeWhole(path, encodeNpy(outputs[name]));
      return [name, path];
    }),
  );
}
