import { readdirSync, realpathSync, statSync } from 'node:fs';
import { basename, join, relative, sep } from 'node:path';
import { RequestError } from '../errors.js';

/** A version of a model, and its file. */
export interface ModelFile {
  readonly name: string;
  readonly version: string;
  readonly path: string;
}

/** Names of models: letters, digits, '_', '-' and '.', not at the beginning, so that none leads anywhere. */
const namePattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const versionPattern = /^[1-9][0-9]{0,9}$/;
const extension = '.onnx';

const isName = (text: string) => namePattern.test(text) && !text.includes('..');

/** Throws 'notFound' for what cannot be a model's name; such names never reach the file system. */
export function requireName(name: string): void {
  if (!isName(name)) throw new RequestError('notFound', 'there is no model of this name');
}

const noName = 'no name that a model can have (letters, digits, "_", "-" and ".")';
const wrongName = (name: string) => new Error(`--name ${name} is ${noName}`);

/** Where models come from: the same question is answered anew at each call, as files come and go. */
export interface Repository {
  /** All models, in the order of their names, then versions. */
  list(): ModelFile[];
  /** The versions of one model, oldest first; none where there is no such model. */
  find(name: string): ModelFile[];
}

/** Versions by number. */
export function byVersion(a: { readonly version: string }, b: { readonly version: string }): number {
  return Number(a.version) - Number(b.version);
}

/** Files named one by one, each a model of version 1 with the file's name, or with `name` where there is one file. */
export function fileRepository(paths: readonly string[], name?: string): Repository {
  const files = paths.map((path): ModelFile => {
    const own = name ?? basename(path).replace(/\.onnx$/, '');
    if (!isName(own))
      throw name === undefined ? new Error(`${path} has ${noName}; give one by --name`) : wrongName(name);
    return { name: own, version: '1', path };
  });
  const twice = files.find(({ name: own }, i) => files.findIndex((other) => other.name === own) !== i);
  if (twice) throw new Error(`two models are named "${twice.name}"`);
  return { list: () => files, find: (wanted) => files.filter((file) => file.name === wanted) };
}

/**
 * A folder of models: NAME.onnx, NAME/model.onnx, or NAME/VERSION/model.onnx with any whole number from 1 as the
 * version. Links that lead out of the folder are passed over.
 */
export function folderRepository(folder: string): Repository {
  const root = realpathSync(folder);
  const isInside = insideOf(root);
  const isFile = (path: string) => isOf(path, isInside) === 'file';
  const find = (name: string): ModelFile[] => {
    if (!isName(name)) return [];
    const plain = join(root, `${name}${extension}`);
    if (isFile(plain)) return [{ name, version: '1', path: plain }];
    const inner = join(root, name);
    return isOf(inner, isInside) === 'folder' ? versionsIn(inner, name, isFile) : [];
  };
  const names = () => new Set(entries(root).map((entry) => entry.replace(/\.onnx$/, '')));
  return { list: () => [...names()].sort().flatMap(find), find };
}

/**
 * A folder that is one model, under a name given: VERSION/model.onnx, model.onnx, or a lone file of any name that ends
 * in .onnx, as KServe leaves what it downloads.
 */
export function modelRepository(folder: string, name: string): Repository {
  if (!isName(name)) throw wrongName(name);
  const root = realpathSync(folder);
  const isInside = insideOf(root);
  const isFile = (path: string) => isOf(path, isInside) === 'file';
  const list = (): ModelFile[] => {
    const found = versionsIn(root, name, isFile);
    const lone = entries(root).filter((entry) => entry.endsWith(extension) && isFile(join(root, entry)));
    return found.length === 0 && lone.length === 1 ? [{ name, version: '1', path: join(root, lone[0]) }] : found;
  };
  return { list, find: (wanted) => (wanted === name ? list() : []) };
}

/** One folder is a repository; files are models each. Throws where a path is missing or they are mixed. */
export function openRepository(paths: readonly string[], name?: string): Repository {
  const isFolder = paths.map((path) => {
    const status = statSync(path, { throwIfNoEntry: false });
    if (!status) throw new Error(`${path} does not exist`);
    return status.isDirectory();
  });
  if (paths.length === 1 && isFolder[0])
    return name === undefined ? folderRepository(paths[0]) : modelRepository(paths[0], name);
  if (isFolder.includes(true)) throw new Error('give one folder of models, or model files, but not both');
  if (name !== undefined && paths.length > 1) throw new Error('--name is for one model');
  return fileRepository(paths, name);
}

/** Whether a path, its links followed, lies below a folder. */
function insideOf(root: string): (path: string) => boolean {
  return (path) => {
    const way = relative(root, realpathSync(path));
    return way !== '' && way !== '..' && !way.startsWith(`..${sep}`);
  };
}

/** The versions in a model's own folder, oldest first. */
function versionsIn(folder: string, name: string, isFile: (path: string) => boolean): ModelFile[] {
  const versions = entries(folder).filter((entry) => versionPattern.test(entry));
  const files = versions.map((version) => ({ name, version, path: join(folder, version, `model${extension}`) }));
  const found = files.filter(({ path }) => isFile(path)).sort(byVersion);
  const single = join(folder, `model${extension}`);
  return found.length === 0 && isFile(single) ? [{ name, version: '1', path: single }] : found;
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function isOf(path: string, isInside: (path: string) => boolean): 'file' | 'folder' | undefined {
  try {
    const status = statSync(path);
    if (!isInside(path)) return undefined;
    if (status.isFile()) return 'file';
    return status.isDirectory() ? 'folder' : undefined;
  } catch {
    return undefined;
  }
}
