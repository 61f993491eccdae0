import type { Dim } from '../graph.js';
import type { MathFunction } from '../kernels/math.js';
import { emitElementwise, evaluateElementwise, inferBroadcast, zipDims } from './elementwise.js';
import { addDims, isInteger } from './helpers.js';
import type { InferContext, InferResult, LowerContext, Operand, Operator } from './types.js';

interface VariadicDefinition {
  readonly type: string;
  readonly wgsl: string;
  readonly floatWgsl?: string;
  readonly functions?: readonly MathFunction[];
  readonly host: (values: readonly number[]) => number;
  readonly dim?: (a: Dim, b: Dim) => Dim | undefined;
  /** Divides the result by the number of inputs. */
  readonly isMean?: boolean;
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

function boundDim(bound: (a: number, b: number) => number): (a: Dim, b: Dim) => Dim | undefined {
  return (a, b) => {
    if (typeof a === 'number' && typeof b === 'number') return bound(a, b);
    return a === b ? a : undefined;
  };
}

/** Min and Max give NaN where one operand is NaN. */
function bound(comparison: '<' | '>'): string {
  return `return select(select(b, a, a ${comparison} b), a, isnan_f32(a));`;
}

const definitions: readonly VariadicDefinition[] = [
  { type: 'Sum', wgsl: 'return a + b;', host: sum, dim: addDims },
  { type: 'Mean', wgsl: 'return a + b;', host: (values) => sum(values) / values.length, isMean: true },
  {
    type: 'Min',
    wgsl: 'return min(a, b);',
    floatWgsl: bound('<'),
    functions: ['isnan'],
    host: (values) => Math.min(...values),
    dim: boundDim(Math.min),
  },
  {
    type: 'Max',
    wgsl: 'return max(a, b);',
    floatWgsl: bound('>'),
    functions: ['isnan'],
    host: (values) => Math.max(...values),
    dim: boundDim(Math.max),
  },
];

function infer(definition: VariadicDefinition, context: InferContext): InferResult {
  if (context.inputCount === 0) context.fail('there is no input; at least one is needed');
  const { dataType } = context.type(0);
  const shape = inferBroadcast(context, context.inputCount);
  const { dim } = definition;
  if (!dim || !shape || shape.length > 1 || !isInteger(dataType)) return { dataType, shape };
  let dims = context.dims(0);
  for (let i = 1; i < context.inputCount; i++) dims = zipDims(dims, context.dims(i), dim);
  return { dataType, shape, dims };
}

function lower(definition: VariadicDefinition, context: LowerContext): void {
  const { dataType, shape } = context.outputType(0);
  let result: Operand = context.input(0);
  const isFloat = result.elementType === 'f32' || result.elementType === 'f16';
  const wgsl = (isFloat && definition.floatWgsl) || definition.wgsl;
  const label = definition.type.toLowerCase();
  const formula = { label, wgsl, functions: isFloat ? definition.functions : [] };
  const last = context.inputCount - 1;
  for (let i = 1; i < last || (i === last && !definition.isMean); i++) {
    const other = context.input(i);
    const partial = partialShape(result.shape, other.shape);
    result = emitElementwise(context, formula, [result, other], { dataType, shape: partial });
  }
  if (definition.isMean && last > 0) {
    const share = [{ name: 'share', type: 'f32' as const, value: 1 / context.inputCount }];
    const mean = { label, wgsl: 'return (a + b) * params.share;', params: share };
    result = emitElementwise(context, mean, [result, context.input(last)], { dataType, shape });
  }
  context.output(0, result);
}

function partialShape(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const [left, right] = [a[a.length - rank + i] ?? 1, b[b.length - rank + i] ?? 1];
    return left === 1 ? right : left;
  });
}

/** Elementwise functions of any number of inputs, taken two at a time on the GPU. */
export const variadicOperators: readonly Operator[] = definitions.map((definition) => ({
  type: definition.type,
  domain: '',
  since: 6,
  infer: (context) => [infer(definition, context)],
  evaluate(context) {
    const inputs = Array.from({ length: context.inputCount }, (_, i) => context.input(i));
    return [evaluateElementwise(context, inputs, inputs[0].dataType, definition.host)];
  },
  lower: (context) => lower(definition, context),
}));
