import { accessSync, constants, existsSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Tensor } from '@tessera/runtime';
import { CliError, systemReason } from '../errors.js';
import { encodeNpy } from '../npy.js';
import { outputFileNames } from './names.js';

/** Not by `recursive`, which never returns where the system refuses a directory as /proc does. */
function makeDirectories(directory: string): void {
  const above = dirname(resolve(directory));
  if (!existsSync(above)) makeDirectories(above);
  if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory()) mkdirSync(directory);
}

/** Makes the directory and those above it, and makes sure that files can be written there. */
export function prepareDirectory(flag: string, directory: string): void {
  try {
    makeDirectories(directory);
    accessSync(directory, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new CliError(`${flag} ${directory} cannot be used: ${systemReason(error)}`);
  }
}

/** Makes sure, before long work, that a file can be written. */
export function checkWritable(flag: string, file: string): void {
  const found = statSync(file, { throwIfNoEntry: false });
  try {
    if (found?.isDirectory()) throw new CliError(`${flag} ${file} cannot be written: is a directory`);
    accessSync(found ? file : dirname(resolve(file)), constants.W_OK);
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError(`${flag} ${file} cannot be written: ${systemReason(error)}`);
  }
}

/** Writes a file under another name and renames it, so that no half file is ever seen. */
export function writeWhole(path: string, bytes: Uint8Array | string): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    // A device or a pipe, such as /dev/stdout, has no half file, and must not be replaced.
    if (statSync(path, { throwIfNoEntry: false })?.isFile() === false) return writeFileSync(path, bytes);
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
