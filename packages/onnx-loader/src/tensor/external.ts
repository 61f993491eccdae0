import type { LoadContext } from '../context.js';
import type { ByteSource } from '../model.js';
import { checkRange, readInto } from './bytes.js';

/** Keys and values of TensorProto.external_data. */
type Entries = readonly { readonly key?: string | null; readonly value?: string | null }[];

/** Why a location may not be used; undefined where it is a path below the model's folder. */
function refusal(location: string): string | undefined {
  if (normal(location) === '') return 'names no file';
  if (location.includes('\0')) return 'holds a zero character';
  if (/^([/\\]|[A-Za-z]:)/.test(location)) return 'is not relative to the model';
  if (location.split(/[/\\]/).includes('..')) return "leads out of the model's folder";
  return undefined;
}

/** Without '.' and empty parts, so that one file has one name. */
function normal(location: string): string {
  return location
    .split('/')
    .filter((part) => part !== '.' && part !== '')
    .join('/');
}

function byteCount(context: LoadContext, owner: string, key: string, text: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (!Number.isSafeInteger(value)) {
    throw context.error(`the ${key} of the external data of ${owner} is '${text}', not a count of bytes`);
  }
  return value;
}

/**
 * The `byteLength` bytes of a tensor in an external file. Nothing is opened here: a missing or short file is an error of
 * the first read.
 */
export function externalSource(context: LoadContext, owner: string, entries: Entries, byteLength: number): ByteSource {
  const values = new Map(entries.map(({ key, value }) => [key ?? '', value ?? '']));
  const stated = values.get('location') ?? '';
  const refused = refusal(stated);
  if (refused !== undefined) {
    throw context.error(`the external location '${stated}' of ${owner} ${refused}`);
  }
  const location = normal(stated);
  const offset = byteCount(context, owner, 'offset', values.get('offset') || '0');
  const length = byteCount(context, owner, 'length', values.get('length') || String(byteLength));
  if (length !== byteLength) {
    throw context.error(`${owner} needs ${byteLength} bytes by its type and dims but its external data are ${length}`);
  }
  const readBy = <T>(read: (file: ByteSource) => T): T => {
    const wanted = `${owner} needs ${byteLength} bytes from ${offset} on in '${location}'`;
    if (context.external === undefined) throw context.error(`${wanted}, which was not given along with the model`);
    try {
      const file = context.external(location);
      if (offset + byteLength > file.byteLength) throw new RangeError(`it has ${file.byteLength} bytes`);
      return read(file);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw context.error(`${wanted}, but ${reason.replace(/\.$/, '')}`);
    }
  };
  return {
    byteLength,
    read(start, count) {
      checkRange(start, count, byteLength);
      return readBy((file) => file.read(offset + start, count));
    },
    readInto(start, target) {
      checkRange(start, target.byteLength, byteLength);
      readBy((file) => readInto(file, offset + start, target));
    },
  };
}
