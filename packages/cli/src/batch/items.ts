import { opendir, stat } from 'node:fs/promises';
import { basename, join, relative, resolve } from 'node:path';
import { CliError, systemReason } from '../errors.js';

/** One thing to run the model on, and what it is called: the same in every run, whatever else lies beside it. */
export interface Item {
  /** Path below the folder given, with '/'; the file's name for a file given by itself. */
  readonly id: string;
  /** Values of --input for it: a file, or `NAME=FILE` for each file of a folder. */
  readonly files: readonly string[];
}

/** Part `index` of `count`, from 0. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

const FILE = /\.(npy|pb|png|jpe?g|webp)$/i;

/** FNV-1a, so that an item's shard depends on its name alone. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (const byte of Buffer.from(text)) h = Math.imul(h ^ byte, 0x01000193);
  return h >>> 0;
}

/** Whether an item is this shard's; each is exactly one's. */
export function isInShard(id: string, { index, count }: Shard): boolean {
  return hash(id) % count === index;
}

/**
 * The items of folders and files, as they are found. Where the model has one input, each file is an item; where it has
 * several, each folder that holds files is, and each file is for the input of its name. Hidden files and links to folders are
 * passed over.
 */
export async function* findItems(paths: readonly string[], inputs: readonly string[]): AsyncGenerator<Item> {
  for (const path of paths) {
    const status = await stat(path).catch((error: unknown) => {
      throw new CliError(`--input ${path} cannot be read: ${systemReason(error)}`);
    });
    if (status.isDirectory()) yield* walk(resolve(path), resolve(path), inputs);
    else if (inputs.length > 1)
      throw new CliError(
        `--input ${path} must be a folder with a file for each of the model's ${inputs.length} inputs`,
      );
    else if (!FILE.test(path))
      throw new CliError(`--input ${path}: the name must end in .npy, .pb, .png, .jpg, .jpeg or .webp`);
    else yield { id: basename(path), files: [path] };
  }
}

async function* walk(root: string, folder: string, inputs: readonly string[]): AsyncGenerator<Item> {
  const own: string[] = [];
  for await (const entry of await opendir(folder)) {
    if (entry.name.startsWith('.')) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* walk(root, path, inputs);
    else if (!FILE.test(entry.name)) continue;
    else if (inputs.length > 1) own.push(path);
    else yield { id: idOf(root, path), files: [path] };
  }
  if (own.length > 0)
    yield { id: idOf(root, folder) || basename(folder), files: own.map((file) => `${inputOf(file)}=${file}`) };
}

function idOf(root: string, path: string): string {
  return relative(root, path).split('\\').join('/');
}

function inputOf(file: string): string {
  return basename(file).replace(FILE, '');
}
