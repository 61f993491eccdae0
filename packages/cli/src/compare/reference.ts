import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import type { Device, Tensor } from '@tessera/runtime';
import type { Runtime } from '../environment.js';
import { CliError, systemReason } from '../errors.js';
import { readArray } from '../inputs/arrays.js';
import { outputFileNames } from '../outputs/names.js';
import { openOrt } from '../peer/onnxruntime.js';
import { innerValues, withOutputs } from './rewrite.js';

type Tensors = Readonly<Record<string, Tensor>>;

/** What a model is compared with. */
export interface Reference {
  /** For people. */
  readonly label: string;
  /** Which of these values it has. */
  has(name: string): boolean;
  /** Of values that it has. */
  values(names: readonly string[]): Promise<Tensors>;
  close(): Promise<void>;
}

export interface ReferenceRequest {
  readonly model: string;
  /** 'onnxruntime', 'cpu', another model, or a file or folder of values. */
  readonly with: string;
  readonly feeds: Tensors;
  /** Values that will be asked for, where the reference has them. */
  readonly wanted: readonly string[];
  readonly outputs: readonly string[];
  readonly dims: Readonly<Record<string, number>>;
  readonly runtime: Runtime;
  readonly device: Device;
}

/** The file or folder of --with; undefined for the names of runtimes. Missing ones are told before any work. */
export function checkReference(source: string): void {
  if (source === 'onnxruntime' || source === 'cpu') return;
  const found = statSync(source, { throwIfNoEntry: false });
  if (!found) {
    throw new CliError(
      `--with ${source}: there is no such file; it is onnxruntime, cpu, a model, or a file or folder of values`,
    );
  }
  const known = ['.onnx', '.npy', '.pb'];
  if (!found.isDirectory() && !known.includes(extname(source).toLowerCase())) {
    throw new CliError(`--with ${source}: the name must end in ${known.join(', ')}, or be a folder`);
  }
}

export function openReference(request: ReferenceRequest): Promise<Reference> | Reference {
  const { with: source } = request;
  if (source === 'onnxruntime') return onnxruntimeReference(request);
  if (source === 'cpu') return cpuReference(request);
  const isModel = extname(source).toLowerCase() === '.onnx' && !statSync(source).isDirectory();
  return isModel ? modelReference(request) : fileReference(request);
}

/** onnxruntime's CPU provider, on the model with all wanted values as outputs. */
async function onnxruntimeReference({ model, feeds, wanted }: ReferenceRequest): Promise<Reference> {
  const inner = innerValues(model);
  const present = wanted.filter((name) => inner.has(name));
  const session = await openOrt(withOutputs(model, present), 'cpu');
  session.feed(feeds);
  const names = new Set(session.outputs);
  return {
    label: `onnxruntime-node ${session.version} (cpu)`,
    has: (name) => names.has(name),
    values: (asked) => session.run(asked),
    close: () => session.release(),
  };
}

/** The runtime's own evaluation on the CPU, in plain loops. */
function cpuReference({ model, feeds, runtime }: ReferenceRequest): Reference {
  const values = runtime.evaluateReference(model, feeds);
  return {
    label: 'the plain loops of the CPU',
    has: (name) => values.has(name),
    values: async (names) => Object.fromEntries(names.map((name) => [name, values.get(name)!])),
    close: async () => undefined,
  };
}

/** Another model with the same inputs, such as one before a change, run on the same device in strict fp32. */
async function modelReference(request: ReferenceRequest): Promise<Reference> {
  const { with: file, feeds, wanted, outputs, dims, runtime, device } = request;
  const inner = innerValues(file);
  const keep = wanted.filter((name) => inner.has(name));
  const session = await runtime.createSession(file, { device, precision: 'strict', dims, keep });
  const names = new Set([...keep, ...session.outputs.map(({ name }) => name).filter((name) => outputs.includes(name))]);
  return {
    label: file,
    has: (name) => names.has(name),
    values: (asked) => session.run(feeds, { outputs: asked }),
    close: async () => session.dispose(),
  };
}

/** Name of the list that says which file of a folder holds which value. */
export const VALUES_INDEX = 'values.json';

/** Values saved by --save or by --output-dir of infer run, or one file for the model's only output. */
function fileReference({ with: source, outputs, wanted }: ReferenceRequest): Reference {
  const files = statSync(source).isDirectory()
    ? folderFiles(source, [...outputs, ...wanted])
    : singleFile(source, outputs);
  return {
    label: source,
    has: (name) => files.has(name),
    values: async (names) => Object.fromEntries(names.map((name) => [name, readArray(files.get(name)!)])),
    close: async () => undefined,
  };
}

function singleFile(file: string, outputs: readonly string[]): Map<string, string> {
  const named = outputs.find((name) => outputFileNames([name])[0] === basename(file));
  if (named === undefined && outputs.length !== 1) {
    const names = outputs.join(', ');
    throw new CliError(`--with ${file}: the model has the outputs ${names}; give a folder with a file for each`);
  }
  return new Map([[named ?? outputs[0], file]]);
}

function folderFiles(folder: string, names: readonly string[]): Map<string, string> {
  const index = join(folder, VALUES_INDEX);
  if (existsSync(index)) {
    try {
      const list = JSON.parse(readFileSync(index, 'utf8')) as Record<string, string>;
      return new Map(Object.entries(list).map(([name, file]) => [name, join(folder, basename(file))]));
    } catch (error) {
      throw new CliError(`--with ${index} cannot be read: ${systemReason(error)}`);
    }
  }
  const present = new Set(readdirSync(folder));
  const unique = [...new Set(names)];
  const bases = outputFileNames(unique).map((file) => file.slice(0, -'.npy'.length));
  const found = unique.flatMap((name, i): [string, string][] => {
    const file = ['.npy', '.pb'].map((extension) => bases[i] + extension).find((each) => present.has(each));
    return file ? [[name, join(folder, file)]] : [];
  });
  if (found.length === 0) {
    throw new CliError(`--with ${folder} holds no values of this model, such as ${bases[0]}.npy`);
  }
  return new Map(found);
}
