import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const repositoryRoot = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');

export interface SeededInput {
  readonly type: 'float32' | 'float16' | 'int64';
  readonly dims: readonly number[];
  data: Float32Array | Uint16Array | BigInt64Array;
}

export interface InputSpec {
  readonly name: string;
  /** Such as 'FLOAT': the tensor types' names in the ONNX file format. */
  readonly type: string;
  readonly dims: readonly (number | string)[];
}

/** What the zoo says of an architecture. */
export interface ZooSpec {
  readonly inputs: readonly InputSpec[];
  /** Operators of the graph, and how many nodes of each there are. */
  readonly ops: Readonly<Record<string, number>>;
}

interface Zoo {
  /** Writes the architecture NAME with its weights into the folder, where it is not there already. */
  materialize(name: string, out: string): { readonly model: string; readonly spec: ZooSpec };
  inputs(spec: { readonly inputs: readonly InputSpec[] }, sizes?: Sizes): Record<string, SeededInput>;
}

export type Sizes = Readonly<Record<string, number>>;

/** The folder of test data that is not part of the repository: TESSERA_SHARED, or `shared` beside the repository. */
export function sharedFolder(): string {
  const folder = resolve(process.env.TESSERA_SHARED ?? join(repositoryRoot, '..', 'shared'));
  if (!existsSync(join(folder, 'zoo', 'materialize.mjs'))) {
    throw new Error(`${folder} holds no zoo of architectures: set TESSERA_SHARED to the folder with zoo/ and models/`);
  }
  return folder;
}

export async function loadZoo(): Promise<Zoo> {
  return (await import(pathToFileURL(join(sharedFolder(), 'zoo', 'materialize.mjs')).href)) as Zoo;
}

/** Path of an architecture with its weights, which the first call makes in the system's temporary folder, and its inputs. */
export async function zooModel(name: string, sizes: Sizes = {}) {
  const zoo = await loadZoo();
  const description = join(sharedFolder(), 'zoo', `${name}.json`);
  if (!existsSync(description)) throw new Error(`there is no architecture "${name}": ${description} is missing`);
  const { model, spec } = zoo.materialize(name, join(tmpdir(), 'tessera-zoo'));
  return { model, spec, inputs: zoo.inputs(spec, sizes), inputsFor: (other: Sizes) => zoo.inputs(spec, other) };
}
