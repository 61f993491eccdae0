import type { ElementType } from '@tessera/conv-kernels';
import type { DataType } from '@tessera/onnx-loader';
import type { Formula } from '../kernels/elementwise.js';
import type { Tensor } from '../tensor.js';
import { emitElementwise } from './elementwise.js';
import { TesseraError } from '../errors.js';
import type { Rounding } from '../program/small-floats.js';
import { fromNumbers, fromWrappedNumbers, isInteger, newArray, toNumbers } from './helpers.js';
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
  17: 'float8e4m3fn',
  18: 'float8e4m3fnuz',
  19: 'float8e5m2',
  20: 'float8e5m2fnuz',
  21: 'uint4',
  22: 'int4',
  23: 'float4e2m1',
  24: 'float8e8m0',
  25: 'uint2',
  26: 'int2',
};

/** The type that a TensorProto.DataType number names. */
export function dataTypeOf(context: NodeContext, attribute: string, fallback?: number): DataType {
  const number = context.attributes.int(attribute, fallback);
  return dataTypes[number] ?? context.fail(`attribute ${attribute} is ${number}, a type that is not supported`);
}

const bitsOf: Partial<Record<DataType, number>> = {
  int8: 8,
  uint8: 8,
  int16: 16,
  uint16: 16,
  int4: 4,
  uint4: 4,
  int2: 2,
  uint2: 2,
};

const ranges: Partial<Record<DataType, readonly [number, number]>> = {
  int8: [-128, 127],
  int16: [-32768, 32767],
  uint8: [0, 255],
  uint16: [0, 65535],
  int4: [-8, 7],
  uint4: [0, 15],
  int2: [-2, 1],
  uint2: [0, 3],
};

/** Of the integers of 4 and 2 bits floating point gives the low bits too, as in ONNX's reference. */
function isNarrow(dataType: DataType): boolean {
  return (bitsOf[dataType] ?? 8) < 8;
}

/** Floating point to integer truncates and saturates; integer to a smaller integer keeps the low bits. */
function castFormula(from: ElementType, to: DataType): Formula {
  const isFloat = from === 'f32' || from === 'f16';
  const label = 'cast';
  if (to === 'bool') return { label, wgsl: 'return R(a != A(0));' };
  const range = ranges[to];
  const bits = bitsOf[to];
  if (!range || !bits) return { label, wgsl: 'return R(a);' };
  if (isFloat && !isNarrow(to)) return { label, wgsl: `return R(clamp(a, ${range[0]}.0, ${range[1]}.0));` };
  const whole = isFloat ? 'R(i32(a))' : 'R(a)';
  return { label, wgsl: `return (${whole} << ${32 - bits}u) >> ${32 - bits}u;` };
}

/** Converts a host tensor as the kernel does; `rounding` counts for the floats of 8 and 4 bits. */
function castTensor(tensor: Tensor, to: DataType, rounding: Rounding = {}): Tensor {
  if (tensor.dataType === to) return tensor;
  const { dims, data } = tensor;
  if (to === 'string') return { dataType: to, dims, data: textsOf(tensor) };
  if (tensor.dataType === 'string') return fromTexts(to, dims, data as readonly string[], rounding);
  if (to !== 'bool' && isInteger(to) && isInteger(tensor.dataType)) {
    return { dataType: to, dims, data: wrapped(to, Array.from(data as ArrayLike<number | bigint>, BigInt)) };
  }
  const numbers = toNumbers(tensor);
  return isNarrow(to)
    ? fromWrappedNumbers(to, dims, numbers.map(Math.trunc))
    : fromNumbers(to, dims, numbers, rounding);
}

function wrapped(to: DataType, wide: readonly bigint[]): Tensor['data'] {
  const bits = bitsOf[to] ?? (to.endsWith('64') ? 64 : 32);
  const low = wide.map((value) => (to.startsWith('u') ? BigInt.asUintN(bits, value) : BigInt.asIntN(bits, value)));
  if (to === 'int64') return BigInt64Array.from(low);
  if (to === 'uint64') return BigUint64Array.from(low);
  const result = newArray(to, wide.length) as Int32Array;
  low.forEach((value, i) => (result[i] = Number(value)));
  return result;
}

/** Numbers as ONNX writes them: the fewest digits that give the value back, and NaN, INF, -INF. */
function textsOf(tensor: Tensor): string[] {
  if (isInteger(tensor.dataType)) return Array.from(tensor.data as ArrayLike<number | bigint>, String);
  const isDouble = tensor.dataType === 'float64';
  return Array.from(toNumbers(tensor), (value) => {
    if (Number.isNaN(value)) return 'NaN';
    if (!Number.isFinite(value)) return value < 0 ? '-INF' : 'INF';
    return isDouble ? String(value) : shortest(value);
  });
}

/** The shortest decimal that is this float32. */
function shortest(value: number): string {
  for (let digits = 1; digits < 9; digits++) {
    const text = value.toPrecision(digits);
    if (Math.fround(Number(text)) === value) return String(Number(text));
  }
  return String(Number(value.toPrecision(9)));
}

function fromTexts(to: DataType, dims: readonly number[], texts: readonly string[], rounding: Rounding): Tensor {
  if (to === 'int64') return { dataType: to, dims, data: BigInt64Array.from(texts, parseInteger) };
  if (to === 'uint64') return { dataType: to, dims, data: BigUint64Array.from(texts, parseInteger) };
  return fromNumbers(to, dims, texts.map(parseNumber), rounding);
}

function parseInteger(text: string): bigint {
  return /^\s*[+-]?\d+\s*$/.test(text) ? BigInt(text.trim().replace(/^\+/, '')) : BigInt(Math.trunc(parseNumber(text)));
}

function parseNumber(text: string): number {
  const trimmed = text.trim();
  const infinity = /^([+-]?)inf(inity)?$/i.exec(trimmed);
  if (infinity) return infinity[1] === '-' ? -Infinity : Infinity;
  const value = Number(trimmed);
  if (trimmed !== '' && (!Number.isNaN(value) || /^[+-]?nan$/i.test(trimmed))) return value;
  throw new TesseraError('INVALID_INPUT', `the text "${text}" is not a number, which a Cast was to make of it`);
}

function lowerCast(context: LowerContext): void {
  const { dataType, shape } = context.outputType(0);
  const x = context.input(0);
  if (x.dataType === dataType) return context.output(0, x);
  context.output(0, emitElementwise(context, castFormula(x.elementType, dataType), [x], { dataType, shape }));
}

function readRounding(context: NodeContext): Rounding {
  const mode = context.attributes.string('round_mode', 'up');
  if (mode !== 'up' && mode !== 'down' && mode !== 'nearest') {
    return context.fail(`round_mode is "${mode}"; it must be up, down or nearest`);
  }
  return { saturate: context.attributes.int('saturate', 1) !== 0, mode };
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
      return [castTensor(context.input(0), target(context, like), readRounding(context))];
    },
    lower: lowerCast,
  };
}

/** Cast and CastLike. */
export const castOperators: readonly Operator[] = [
  castOperator('Cast', 6, (context) => dataTypeOf(context, 'to')),
  castOperator('CastLike', 15, (context, like) => like ?? context.fail('input 1 is missing')),
];
