import type { LoadContext } from '../context.js';
import type { ByteSource, DataType, Tensor } from '../model.js';
import type { TensorMessage } from '../schema/messages.js';
import { lazySource, memorySource } from './bytes.js';
import { dataTypeOf, elementCount, storedBytes, typedField } from './data-type.js';
import { externalSource } from './external.js';
import { packTypedData, typedLength } from './typed-data.js';
import type { Integer } from './typed-data.js';

const EXTERNAL = 1;
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
const noBytes = memorySource(new Uint8Array(0));

/** The type of a data_type number, or an error that says whose it is. */
export function checkDataType(context: LoadContext, owner: string, number: number): DataType {
  const dataType = dataTypeOf(number);
  if (dataType === undefined) throw context.error(`${owner} has data type ${number}, which ONNX does not define`);
  return dataType;
}

/** The sizes as numbers, or an error where one is negative or their product passes 2^53. */
export function checkDims(context: LoadContext, owner: string, dims: readonly Integer[]): number[] {
  const sizes = dims.map(Number);
  const bad = sizes.find((size) => !Number.isSafeInteger(size) || size < 0);
  if (bad !== undefined) throw context.error(`${owner} has dims [${sizes.join(', ')}], of which ${bad} is no size`);
  if (!Number.isSafeInteger(elementCount(sizes))) {
    throw context.error(`${owner} has dims [${sizes.join(', ')}], which is more elements than can be counted`);
  }
  return sizes;
}

/**
 * A TensorProto as a Tensor. Element counts are checked here; bytes are views, or made at their first read. `owner` is
 * how errors call a tensor that has no name of its own.
 */
export function convertTensor(context: LoadContext, message: TensorMessage, owner = 'a nameless tensor'): Tensor {
  const name = message.name ?? '';
  const place: Place = { context, owner: name === '' ? owner : `tensor '${name}'` };
  if (message.segment) throw context.error(`${place.owner} is stored in segments, which is not supported`);
  const dataType = checkDataType(context, place.owner, message.dataType ?? 0);
  const dims = checkDims(context, place.owner, (message.dims ?? []) as readonly Integer[]);
  if (dataType === 'string') {
    return Object.freeze({ name, dataType, dims, bytes: noBytes, strings: strings(place, message, dims) });
  }
  return Object.freeze({ name, dataType, dims, bytes: source(place, message, dataType, dims) });
}

/** Where errors belong. */
interface Place {
  readonly context: LoadContext;
  readonly owner: string;
}

function strings(place: Place, message: TensorMessage, dims: readonly number[]): readonly string[] {
  const data = message.stringData ?? [];
  const count = elementCount(dims);
  if (data.length !== count) throw mismatch(place, dims, `${count} strings`, data.length);
  return data.map((bytes) => utf8.decode(bytes));
}

function source(place: Place, message: TensorMessage, dataType: DataType, dims: readonly number[]): ByteSource {
  const count = elementCount(dims);
  const byteLength = storedBytes(dataType, count);
  if (!Number.isSafeInteger(byteLength)) throw mismatch(place, dims, 'more bytes than can be counted', 'fewer');
  if (message.dataLocation === EXTERNAL) {
    return externalSource(place.context, place.owner, message.externalData ?? [], byteLength);
  }
  const raw = message.rawData;
  if (raw && raw.byteLength > 0) {
    if (raw.byteLength !== byteLength)
      throw mismatch(place, dims, `${byteLength} bytes of ${dataType}`, raw.byteLength);
    return memorySource(raw);
  }
  const field = typedField(dataType);
  const values = (message[field] ?? []) as readonly Integer[];
  const wanted = typedLength(dataType, count);
  if (values.length !== wanted) {
    throw mismatch(place, dims, `${wanted} entries of ${snakeCase(field)}`, values.length);
  }
  return lazySource(byteLength, () => packTypedData(dataType, values));
}

function mismatch({ context, owner }: Place, dims: readonly number[], wanted: string, found: number | string) {
  return context.error(`${owner} of dims [${dims.join(', ')}] needs ${wanted} but has ${found}`);
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
