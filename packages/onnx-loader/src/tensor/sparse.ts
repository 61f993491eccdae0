import type { LoadContext } from '../context.js';
import type { SparseTensor, Tensor } from '../model.js';
import type { SparseTensorMessage } from '../schema/messages.js';
import { lazySource } from './bytes.js';
import { bitsPerElement, elementCount, storedBytes } from './data-type.js';
import { readTensor } from './read-tensor.js';
import { checkDims, convertTensor } from './tensor.js';
import type { Integer } from './typed-data.js';

/** A sparse initializer that would take more than this as a dense tensor is refused. */
const MAX_DENSE_BYTES = 2 ** 31;

/** A SparseTensorProto, its parts checked against each other. `owner` is how errors call it. */
export function convertSparseTensor(
  context: LoadContext,
  message: SparseTensorMessage,
  owner = `sparse initializer '${message.values?.name ?? ''}'`,
): SparseTensor {
  const values = convertTensor(context, message.values ?? {}, `the values of ${owner}`);
  const indices = convertTensor(context, message.indices ?? {}, `the indices of ${owner}`);
  const dims = checkDims(context, owner, (message.dims ?? []) as readonly Integer[]);
  const count = elementCount(values.dims);
  const expected = [[count], [count, dims.length]];
  const fits = expected.some((shape) => shape.join() === indices.dims.join());
  if (indices.dataType !== 'int64' || values.dims.length !== 1 || !fits) {
    throw context.error(
      `${owner} has ${values.dataType} values of dims [${values.dims.join(', ')}] and ${indices.dataType} indices of ` +
        `dims [${indices.dims.join(', ')}] where [n] values and int64 indices of [n] or [n, ${dims.length}] are needed`,
    );
  }
  return Object.freeze({ values, indices, dims });
}

/** The same elements as an ordinary tensor, made at its first read; elements not listed are zero. */
export function densify(context: LoadContext, sparse: SparseTensor): Tensor {
  const { values, dims } = sparse;
  const { name, dataType } = values;
  const bits = bitsPerElement(dataType);
  if (bits < 8) throw context.error(`sparse initializer '${name}' is of type ${dataType}, which is not supported`);
  const byteLength = storedBytes(dataType, elementCount(dims));
  if (byteLength > MAX_DENSE_BYTES) {
    throw context.error(
      `sparse initializer '${name}' of dims [${dims.join(', ')}] would take ${byteLength} bytes, more than 2 GiB`,
    );
  }
  return Object.freeze({
    name,
    dataType,
    dims,
    bytes: lazySource(byteLength, () => scatter(context, sparse, bits / 8, byteLength)),
  });
}

function scatter(context: LoadContext, sparse: SparseTensor, size: number, byteLength: number): Uint8Array {
  const { values, indices, dims } = sparse;
  const count = elementCount(values.dims);
  const index = readTensor(indices) as BigInt64Array;
  const source = values.bytes.read(0, values.bytes.byteLength);
  const dense = new Uint8Array(byteLength);
  for (let i = 0; i < count; i++) {
    const at = indices.dims.length === 1 ? Number(index[i]) : linearIndex(index, i, dims);
    if (!(at >= 0 && at < elementCount(dims))) {
      throw context.error(`sparse initializer '${values.name}' has an index outside its dims [${dims.join(', ')}]`);
    }
    dense.set(source.subarray(i * size, (i + 1) * size), at * size);
  }
  return dense;
}

/** Row-major position of the i-th index tuple; NaN where it lies outside the dims. */
function linearIndex(index: BigInt64Array, i: number, dims: readonly number[]): number {
  let position = 0;
  for (let axis = 0; axis < dims.length; axis++) {
    const at = Number(index[i * dims.length + axis]);
    if (at < 0 || at >= dims[axis]) return NaN;
    position = position * dims[axis] + at;
  }
  return position;
}
