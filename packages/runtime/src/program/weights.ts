import { readInto, readTensor, type Tensor as StoredTensor } from '@tessera/onnx-loader';
import { plainMap, type ElementType, type PackingMap } from '@tessera/conv-kernels';
import type { Constant, PlainConstant } from '../graph.js';
import type { WeightRequest } from '../operators/types.js';
import { elementCount, hostTensor } from '../passes/constants.js';
import type { Tensor, TensorArray } from '../tensor.js';
import { byteSize } from './layout.js';
import { encodeStorage, toFloat32 } from './storage.js';
import type { ReadBytes, Weight, WeightRecipe } from './types.js';

/** Elements converted and uploaded at a time: 16 MiB of 32-bit words. */
const pieceElements = 4 * 1024 * 1024;

const identities = new WeakMap<object, number>();
let nextIdentity = 0;

/** A number for a tensor object: folding makes new tensors under old names, so names do not identify content. */
function identity(tensor: object): number {
  let id = identities.get(tensor);
  if (id === undefined) identities.set(tensor, (id = nextIdentity++));
  return id;
}

function bytesOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

function storedRange(tensor: StoredTensor, first: number, count: number): TensorArray {
  const bits = (tensor.bytes.byteLength * 8) / Math.max(1, elementCount(tensor.dims));
  const offset = (first * bits) / 8;
  const byteLength = Math.ceil((count * bits) / 8);
  const bytes = { byteLength, read: (at: number, length: number) => tensor.bytes.read(offset + at, length) };
  return readTensor({ name: tensor.name, dataType: tensor.dataType, dims: [count], bytes });
}

function hostRange(tensor: Tensor, first: number, count: number): TensorArray {
  return tensor.data instanceof Array
    ? tensor.data.slice(first, first + count)
    : (tensor.data as Float32Array).subarray(first, first + count);
}

/** A constant as it is, or `range` of its elements, converted to the storage type piece by piece. */
export function constantWeight(
  name: string,
  constant: Constant,
  elementType: ElementType,
  range?: { readonly first: number; readonly count: number },
): Weight {
  const { dataType, dims } = constant.tensor;
  const { first, count } = range ?? { first: 0, count: elementCount(dims) };
  return {
    key: `${name}#${identity(constant.tensor)}/${elementType}/${first}+${count}`,
    byteLength: count * byteSize(elementType),
    *pieces() {
      const plain: Constant = constant.kind === 'scaled' ? { kind: 'host', tensor: hostTensor(constant) } : constant;
      for (let done = 0; done < count; done += pieceElements) {
        const length = Math.min(pieceElements, count - done);
        const data =
          plain.kind === 'host'
            ? hostRange(plain.tensor, first + done, length)
            : storedRange(plain.tensor, first + done, length);
        yield bytesOf(encodeStorage(dataType, data, elementType));
      }
    },
    ...(range === undefined ? unpacked(constant, elementType, count) : {}),
  };
}

/** A constant in the order a kernel reads it. */
export function packedWeight(name: string, constant: Constant, request: WeightRequest): Weight {
  return {
    key: `${name}#${identity(constant.tensor)}/${request.elementType}/${request.key}`,
    byteLength: request.byteLength,
    *pieces() {
      const { dataType, data } = hostTensor(constant);
      yield bytesOf(request.pack(toFloat32(dataType, data)));
    },
    recipe: recipeOf(constant, request.map),
  };
}

/** How the bytes of a constant as it is get to the GPU without the host: out of the file, or by a recipe. */
function unpacked(constant: Constant, elementType: ElementType, count: number): Pick<Weight, 'read' | 'recipe'> {
  const stored = elementType === 'f16' ? 'float16' : 'float32';
  if (elementType !== 'f16' && elementType !== 'f32') return {};
  if (constant.kind !== 'scaled' && constant.tensor.dataType === stored) return { read: readerOf(constant) };
  return { recipe: recipeOf(constant, plainMap(count, elementType)) };
}

function readerOf(constant: PlainConstant): ReadBytes {
  if (constant.kind === 'stored') return (offset, target) => readInto(constant.tensor.bytes, offset, target);
  const bytes = bytesOf(constant.tensor.data as Float32Array);
  return (offset, target) => target.set(bytes.subarray(offset, offset + target.byteLength));
}

/** How the GPU packs a constant: floats of 32 or 16 bits, with the factors of one that is scaled. */
function recipeOf(constant: Constant, map: PackingMap | undefined): WeightRecipe | undefined {
  const base = constant.kind === 'scaled' ? constant.base : constant;
  const { dataType, dims } = base.tensor;
  if (!map || (dataType !== 'float32' && dataType !== 'float16')) return undefined;
  const type = dataType === 'float32' ? 'f32' : 'f16';
  const scaled = constant.kind === 'scaled' ? constant : undefined;
  return {
    map,
    source: { type, factors: scaled && { run: scaled.run, count: scaled.factors.length } },
    factors: scaled?.factors,
    byteLength: elementCount(dims) * byteSize(type),
    read: readerOf(base),
  };
}

/** Numbers the lowering made itself; equal keys must mean equal numbers. */
export function tableWeight(key: string, data: ArrayBufferView<ArrayBuffer>): Weight {
  return {
    key: `table/${key}`,
    byteLength: data.byteLength,
    *pieces() {
      yield bytesOf(data);
    },
  };
}
