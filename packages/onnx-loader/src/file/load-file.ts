import { realpathSync } from 'node:fs';
import { basename, dirname, join, sep } from 'node:path';
import { OnnxError } from '../errors.js';
import { loadOnnx } from '../load.js';
import type { ByteSource, Model } from '../model.js';
import { fileSource } from './file-source.js';

/** Protobuf's limit for one message. */
const LARGEST_MODEL = 2 ** 31 - 1;

/**
 * Reads an ONNX file. External data are read from beside it, tensor by tensor, when they are asked for.
 *
 * @throws {OnnxError} where the file is missing, is not an ONNX model, or contradicts itself.
 */
export function loadOnnxFile(path: string): Model {
  return loadOnnx(readModel(path), { name: basename(path), external: externalFiles(path) });
}

function readModel(path: string): Uint8Array {
  try {
    const source = fileSource(path);
    if (source.byteLength > LARGEST_MODEL) {
      throw new OnnxError(
        `${path} has ${source.byteLength} bytes; an ONNX file without its external data is below 2 GiB`,
      );
    }
    return source.read(0, source.byteLength);
  } catch (error) {
    throw error instanceof OnnxError
      ? error
      : new OnnxError(`${path} cannot be read: ${reason(error)}.`, { cause: error });
  }
}

/**
 * Opens files below the model's folder; one that a symbolic link leads out of it is refused. Where the model is itself
 * a link, as in download caches, its target's folder counts too.
 */
function externalFiles(modelPath: string): (location: string) => ByteSource {
  const opened = new Map<string, ByteSource>();
  return (location) => {
    const known = opened.get(location);
    if (known) return known;
    const target = resolve(modelPath, location);
    const source = fileSource(target);
    opened.set(location, source);
    return source;
  };
}

function resolve(modelPath: string, location: string): string {
  let target: string;
  try {
    target = realpathSync(join(dirname(modelPath), location));
  } catch (error) {
    throw new OnnxError(reason(error), { cause: error });
  }
  const folders = [realpathSync(dirname(modelPath)), dirname(realpathSync(modelPath))];
  if (!folders.some((folder) => target.startsWith(folder.endsWith(sep) ? folder : folder + sep))) {
    throw new OnnxError("it is a link that leads out of the model's folder");
  }
  return target;
}

/** A system error without the name of the call that met it. */
function reason(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EACCES' || code === 'EPERM') return 'access is denied';
  return error instanceof Error ? error.message : String(error);
}
