import type { ElementType } from '@tessera/conv-kernels';
import type { DataType } from '@tessera/onnx-loader';
import type { Formula } from '../kernels/elementwise.js';
import type { Tensor } from '../tensor.js';
import { emitElementwise } from './elementwise.js';
import { fromNumbers, isInteger, toNumbers } from './helpers.js';
import type { InferResult, LowerContext, NodeContext, Operator } from './types.js';

/** TensorProto.DataType, by number. */
const dataTypes: Readonly<Record<number, DataType>> = {
  1: 'float32',
  2: 'uint8',
  3: 'int8',
  4: 'uint16',
  5: 'int16',
  6: 'int32',
  7: 'int64',
  8: 'string',
  9: 'bool',
  10: 'float16',
  11: 'float64',
  12: 'uint32',
  13: 'uint64',
  16: 'bfloat16',
};

/** The type that a TensorProto.DataType number names. */
export function dataTypeOf(context: NodeContext, attribute: string, fallback?: number): DataType {
  const number = context.attributes.int(attribute, fallback);
  return dataTypes[number] ?? context.fail(`attribute ${attribute} is ${number}, a type that is not supported`);
}

const bitsOf: Partial<Record<DataType, number>> = { int8: 8, uint8: 8, int16: 16, uint16: 16 };

const ranges: Partial<Record<DataType, readonly [number, number]>> = {
  int8: [-128, 127],
  int16: [-32768, 32767],
  uint8: [0, 255],
  uint16: [0, 65535],
};

/** Floating point to integer truncates and saturates; integer to a smaller integer keeps the low bits. */
function castFormula(from: ElementType, to: DataType): Formula {
  const isFloat = from === 'f32' || from === 'f16';
  const label = 'cast';
  if (to === 'bool') return { label, wgsl: 'return R(a != A(0));' };
  const range = ranges[to];
  const bits = bitsOf[to];
  if (!range || !bits) return { label, wgsl: 'return R(a);' };
  if (isFloat) return { label, wgsl: `return R(clamp(a, ${range[0]}.0, ${range[1]}.0));` };
  return { label, wgsl: `return (R(a) << ${32 - bits}u) >> ${32 - bits}u;` };
}

/** Converts a host tensor as the kernel does. */
export function castTensor(context: NodeContext, tensor: Tensor, to: DataType): Tensor {
  if (tensor.dataType === to) return tensor;
  const { dims, data } = tensor;
  if (to === 'string' || tensor.dataType === 'string') {
    return context.fail(`a cast from ${tensor.dataType} to ${to} is not supported`);
  }
  if (to !== 'bool' && isInteger(to) && isInteger(tensor.dataType)) {
    const wide = BigInt64Array.from(data as ArrayLike<number | bigint>, BigInt);
    const wrapped = wrappedInteger(to, wide);
    return { dataType: to, dims, data: wrapped };
  }
  return fromNumbers(to, dims, toNumbers(tensor));
}

function wrappedInteger(to: DataType, wide: BigInt64Array): Tensor['data'] {
  if (to === 'int64') return wide;
  if (to === 'uint64') return new BigUint64Array(wide.buffer as ArrayBuffer);
  const low = new Int32Array(wide.buffer as ArrayBuffer).filter((_, i) => i % 2 === 0);
  switch (to) {
    case 'int8':
      return Int8Array.from(low);
    case 'int16':
      return Int16Array.from(low);
    case 'uint8':
      return Uint8Array.from(low);
    case 'uint16':
      return Uint16Array.from(low);
    case 'uint32':
      return Uint32Array.from(low);
    default:
      return low;
  }
}

function lowerCast(context: LowerContext): void {
  const { dataType, shape } = context.outputType(0);
  const x = context.input(0);
  if (x.dataType === dataType) return context.output(0, x);
  context.output(0, emitElementwise(context, castFormula(x.elementType, dataType), [x], { dataType, shape }));
}

function castOperator(
  type: string,
  since: number,
  target: (context: NodeContext, like?: DataType) => DataType,
): Operator {
  return {
    type,
    domain: '',
    since,
    infer(context) {
      const from = context.type(0);
      const to = target(context, type === 'CastLike' ? context.type(1).dataType : undefined);
      const keepsDims = isInteger(from.dataType) && isInteger(to) && to !== 'bool';
      const result: InferResult = { dataType: to, shape: from.shape };
      return [keepsDims ? { ...result, dims: context.dims(0) } : result];
    },
    evaluate: (context) => {
      const like = type === 'CastLike' ? context.input(1).dataType : undefined;
      return [castTensor(context, context.input(0), target(context, like))];
    },
    lower: lowerCast,
  };
}

/** Cast and CastLike. */
export const castOperators: readonly Operator[] = [
  castOperator('Cast', 6, (context) => dataTypeOf(context, 'to')),
  castOperator('CastLike', 15, (context, like) => like ?? context.fail('input 1 is missing')),
];
