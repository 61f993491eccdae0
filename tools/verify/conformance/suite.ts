import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { extract } from 'tar';
import { sharedFolder } from '../support/shared-data.js';

const folders = ['node', 'simple', 'pytorch-converted', 'pytorch-operator', 'light'] as const;

/** One case: `name` is the folder's and the case's own, such as 'node/test_abs'. */
export interface Case {
  readonly name: string;
  readonly model: string;
  /** Folders with input_*.pb and output_*.pb; none for the cases of light/, whose inputs are made. */
  readonly dataSets: readonly string[];
  /** The output of a case without data sets. */
  readonly output?: string;
}

/** Relative and absolute: as numpy.allclose takes them. */
export type Tolerance = readonly [rtol: number, atol: number];

/**
 * Unpacks ONNX's backend tests into the system's temporary folder, where that has not been done already, and returns
 * the folder.
 * @throws Error where the archive is missing.
 */
export async function unpackSuite(): Promise<string> {
  const archive = join(sharedFolder(), 'conformance', 'onnx-backend-tests.tar.gz');
  if (!existsSync(archive)) throw new Error(`${archive} is missing: it holds ONNX's backend tests`);
  const { size, mtimeMs } = statSync(archive);
  const target = join(tmpdir(), `tessera-conformance-${size}-${Math.floor(mtimeMs)}`);
  if (existsSync(target)) return target;
  mkdirSync(tmpdir(), { recursive: true });
  const partial = mkdtempSync(`${target}-`);
  await extract({ file: archive, cwd: partial });
  try {
    renameSync(partial, target);
  } catch (error) {
    // Another process may have been first.
    rmSync(partial, { recursive: true, force: true });
    if (!existsSync(target)) throw error;
  }
  return target;
}

export function folderOf(name: string): string {
  return name.slice(0, name.indexOf('/'));
}

/** All cases, folder by folder, in alphabetical order. */
export function listCases(root: string): Case[] {
  return folders.flatMap((folder) => {
    const entries = readdirSync(join(root, folder)).sort();
    if (folder !== 'light') {
      const names = entries.filter((entry) => existsSync(join(root, folder, entry, 'model.onnx')));
      return names.map((name) => openCase(root, `${folder}/${name}`));
    }
    const models = entries.filter((entry) => entry.endsWith('.onnx'));
    return models.map((model) => openCase(root, `${folder}/${basename(model, '.onnx')}`));
  });
}

export function openCase(root: string, name: string): Case {
  const path = join(root, name);
  if (folderOf(name) === 'light') {
    return { name, model: `${path}.onnx`, dataSets: [], output: `${path}_output_0.pb` };
  }
  const sets = readdirSync(path).filter((entry) => entry.startsWith('test_data_set_'));
  return { name, model: join(path, 'model.onnx'), dataSets: sets.sort().map((set) => join(path, set)) };
}

const defaultTolerance: Tolerance = [1e-3, 1e-7];

/** The tolerance of each case by name; of those the suite does not list, ONNX's own default. */
export function readTolerances(root: string): (name: string) => Tolerance {
  const text = readFileSync(join(root, 'node', 'tolerances.json'), 'utf8');
  const listed = JSON.parse(text) as Readonly<Record<string, Tolerance>>;
  return (name) => (name.startsWith('node/') ? listed[name.slice('node/'.length)] : undefined) ?? defaultTolerance;
}
