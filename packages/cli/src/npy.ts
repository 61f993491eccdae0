import type { DataType } from '@tessera/onnx-loader';
import type { Tensor, TensorArray } from '@tessera/runtime';
import { dump, parse, type DType } from 'npyjs';
import { bfloatToFloat, elementCount } from './inputs/values.js';

type NumberArray = Exclude<TensorArray, readonly string[]>;

/** NumPy's type codes and the ONNX types they are read as. */
const FROM_NUMPY: Readonly<Record<string, DataType>> = {
  f2: 'float16',
  f4: 'float32',
  f8: 'float64',
  i1: 'int8',
  i2: 'int16',
  i4: 'int32',
  i8: 'int64',
  u1: 'uint8',
  u2: 'uint16',
  u4: 'uint32',
  u8: 'uint64',
  b1: 'bool',
};

/**
 * ONNX types and the NumPy type they are written as. Types that NumPy lacks: bfloat16 is widened to f4, integers of 4
 * and 2 bits to i1 or u1, and floats of 8 and 4 bits keep their bits in u1.
 */
const TO_NUMPY: Partial<Record<DataType, DType>> = {
  ...(Object.fromEntries(Object.entries(FROM_NUMPY).map(([code, type]) => [type, code])) as Record<DataType, DType>),
  bfloat16: 'f4',
  int4: 'i1',
  int2: 'i1',
  complex64: 'c8',
  complex128: 'c16',
};

/** Turns a column-major array into a row-major one. */
function toRowMajor(data: NumberArray, dims: readonly number[]): NumberArray {
  const result = data.slice();
  const strides = dims.map((_, axis) => elementCount(dims.slice(0, axis)));
  const index = dims.map(() => 0);
  let source = 0;
  for (let i = 0; i < data.length; i++) {
    result[i] = data[source];
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      source += strides[axis];
      if (++index[axis] < dims[axis]) break;
      source -= strides[axis] * dims[axis];
      index[axis] = 0;
    }
  }
  return result;
}

/**
 * Reads an array in NumPy's .npy format (versions 1 to 3, little-endian, row- or column-major) as a row-major tensor.
 * @throws Error whose message says what about the file is not as it should be.
 */
export function decodeNpy(bytes: Uint8Array): Tensor {
  const whole = bytes.byteOffset === 0 && bytes.byteLength === bytes.buffer.byteLength;
  const buffer = (whole ? bytes.buffer : Uint8Array.from(bytes).buffer) as ArrayBuffer;
  if (buffer.byteLength < 10) throw new Error('it is too short for an .npy file');
  const array = parse(buffer, { convertFloat16: false });
  const dataType = FROM_NUMPY[array.dtype];
  if (dataType === undefined) throw new Error(`its dtype ${array.dtype} is not one that is read`);
  const dims = array.shape;
  const length = elementCount(dims);
  const stored: ArrayLike<unknown> = array.data as unknown as ArrayLike<unknown>;
  if (!(stored.length >= length)) throw new Error(`it is cut short: ${stored.length} of ${length} elements are there`);
  const data = (Array.isArray(stored) ? Uint8Array.from(stored, Number) : stored) as NumberArray;
  const elements = data.length === length ? data : data.subarray(0, length);
  return { dataType, dims, data: array.fortranOrder && dims.length > 1 ? toRowMajor(elements, dims) : elements };
}

function encodeStrings(strings: readonly string[], dims: readonly number[]): ArrayBuffer {
  const points = strings.map((text) => Array.from(text, (character) => character.codePointAt(0) ?? 0));
  const width = points.reduce((longest, text) => Math.max(longest, text.length), 1);
  const cells = new Uint32Array(points.length * width);
  points.forEach((text, i) => cells.set(text, i * width));
  return dump(cells, [...dims], { dtype: `U${width}` });
}

/** Writes a tensor in NumPy's .npy format, version 1, row-major, little-endian; `TO_NUMPY` says as which type. */
export function encodeNpy(tensor: Tensor): Uint8Array {
  const { dataType, dims, data } = tensor;
  if (dataType === 'string') return new Uint8Array(encodeStrings(data as readonly string[], dims));
  const array = dataType === 'bfloat16' ? bfloatToFloat(data as Uint16Array) : (data as NumberArray);
  return new Uint8Array(dump(array, [...dims], { dtype: TO_NUMPY[dataType] ?? 'u1' }));
}
