import { areNumbers, fromNumbers, isInteger, productOfDims, toNumbers } from './helpers.js';
import type { Dim } from '../graph.js';
import type { Tensor } from '../tensor.js';
import { emitElementwise } from './elementwise.js';
import type { EvaluateContext, InferContext, InferResult, LowerContext, NodeContext, Operator } from './types.js';

/** The dimensions that Shape's start and end (opset 15) leave. */
function shapeRange(context: NodeContext, shape: readonly Dim[]): readonly Dim[] {
  const rank = shape.length;
  const bound = (name: string, fallback: number) => {
    const value = context.attributes.int(name, fallback);
    return Math.min(rank, Math.max(0, value < 0 ? value + rank : value));
  };
  return shape.slice(bound('start', 0), bound('end', rank));
}

function inferShape(context: InferContext): readonly InferResult[] {
  const { shape } = context.type(0);
  if (!shape) return [{ dataType: 'int64' }];
  const dims = shapeRange(context, shape);
  return [{ dataType: 'int64', shape: [dims.length], dims }];
}

function inferConstantOfShape(context: InferContext): readonly InferResult[] {
  const dataType = context.attributes.tensor('value')?.dataType ?? 'float32';
  const shape = context.dims(0);
  if (shape) return [{ dataType, shape }];
  const rank = context.type(0).shape?.[0];
  if (typeof rank !== 'number') return [{ dataType }];
  return [{ dataType, shape: Array.from({ length: rank }, () => context.unknown()) }];
}

function fillValue(context: NodeContext): Tensor {
  return context.attributes.tensor('value') ?? fromNumbers('float32', [1], [0]);
}

/** Filled by the kernel: the constant's one element is read by every output element. */
function lowerConstantOfShape(context: LowerContext): void {
  const value = fillValue(context);
  const type = context.outputType(0);
  const [number] = toNumbers(value);
  const kind = !isInteger(type.dataType) ? 'f32' : type.dataType.startsWith('int') ? 'i32' : 'u32';
  const array = { f32: Float32Array, i32: Int32Array, u32: Uint32Array }[kind].of(number);
  const table = context.table(`fill/${kind}/${number}`, kind, array as Float32Array<ArrayBuffer>);
  context.output(0, emitElementwise(context, { label: 'fill', wgsl: 'return R(a);' }, [table], type));
}

function rangeLength(start: number, limit: number, delta: number): number {
  return Math.max(0, Math.ceil((limit - start) / delta));
}

function inferRange(context: InferContext): readonly InferResult[] {
  const { dataType } = context.type(0);
  const [start, limit, delta] = [0, 1, 2].map((i) => context.constant(i));
  if (start && limit && delta) {
    const [a, b, c] = [start, limit, delta].map((t) => toNumbers(t)[0]);
    if (c === 0) context.fail('delta is 0; a range needs a step');
    return [{ dataType, shape: [rangeLength(a, b, c)] }];
  }
  const [first, end, step] = [0, 1, 2].map((i) => context.dims(i)?.[0]);
  return [{ dataType, shape: [first === 0 && step === 1 && end !== undefined ? end : context.unknown()] }];
}

function evaluateRange(context: EvaluateContext): readonly Tensor[] {
  const [start, limit, delta] = [0, 1, 2].map((i) => toNumbers(context.input(i))[0]);
  const length = rangeLength(start, limit, delta);
  const values = Float64Array.from({ length }, (_, i) => start + i * delta);
  return [fromNumbers(context.input(0).dataType, [length], values)];
}

function evaluateConstant(context: NodeContext): Tensor {
  const { attributes } = context;
  if (attributes.has('value')) return attributes.tensor('value')!;
  if (attributes.has('value_float')) return fromNumbers('float32', [], [attributes.float('value_float')]);
  if (attributes.has('value_int')) return fromNumbers('int64', [], [attributes.int('value_int')]);
  if (attributes.has('value_string'))
    return { dataType: 'string', dims: [], data: [attributes.string('value_string')] };
  if (attributes.has('value_floats')) return vector('float32', attributes.floats('value_floats'));
  if (attributes.has('value_ints')) return vector('int64', attributes.ints('value_ints'));
  const strings = attributes.strings('value_strings');
  return { dataType: 'string', dims: [strings.length], data: strings };
}

function vector(dataType: 'float32' | 'int64', values: readonly number[]): Tensor {
  return fromNumbers(dataType, [values.length], values);
}

/** An int64 scalar or vector made of numbers. */
function int64(dims: readonly number[], values: readonly number[]): Tensor {
  return fromNumbers('int64', dims, values);
}

/** Operators on shapes, and those that make tensors from sizes. All fold away once the sizes are known. */
export const shapeOperators: readonly Operator[] = [
  {
    type: 'Shape',
    domain: '',
    since: 1,
    infer: inferShape,
    evaluate(context) {
      const dims = shapeRange(context, context.input(0).dims) as number[];
      return [int64([dims.length], dims)];
    },
  },
  {
    type: 'Size',
    domain: '',
    since: 1,
    infer(context) {
      const { shape } = context.type(0);
      return [{ dataType: 'int64', shape: [], dims: shape && [productOfDims(shape)] }];
    },
    evaluate: (context) => [int64([], [productOfDims(context.input(0).dims) as number])],
  },
  {
    type: 'Constant',
    domain: '',
    since: 1,
    infer(context) {
      const { dataType, dims } = evaluateConstant(context);
      return [{ dataType, shape: dims }];
    },
    evaluate: (context) => [evaluateConstant(context)],
  },
  {
    type: 'ConstantOfShape',
    domain: '',
    since: 9,
    infer(context) {
      const [result] = inferConstantOfShape(context);
      if (areNumbers(result.shape) && result.shape.some((size) => size < 0)) {
        context.fail(`the shape [${result.shape.join(', ')}] has a negative size`);
      }
      return [result];
    },
    evaluate(context) {
      const dims = Array.from(toNumbers(context.input(0)));
      const value = fillValue(context);
      const filled = new Float64Array(productOfDims(dims) as number).fill(toNumbers(value)[0]);
      return [fromNumbers(value.dataType, dims, filled)];
    },
    lower: lowerConstantOfShape,
  },
  { type: 'Range', domain: '', since: 11, infer: inferRange, evaluate: evaluateRange },
];
