import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { zooModel } from '../../verify/support/shared-data.js';

export interface Located {
  readonly name: string;
  readonly path: string;
}

/** A model by its path, by its name in a folder, or by its name in the zoo of test data, which gives it its weights. */
export async function locate(model: string, folder: string | undefined): Promise<Located> {
  if (model.endsWith('.onnx')) return { name: basename(model, '.onnx'), path: existing(resolve(model)) };
  if (folder !== undefined) return { name: model, path: existing(resolve(folder, `${model}.onnx`)) };
  return { name: model, path: (await zooModel(model)).model };
}

function existing(path: string): string {
  if (!existsSync(path)) throw new Error(`there is no model ${join(path)}`);
  return path;
}
