import type { Tensor } from '../tensor.js';
import { emitElementwise } from './elementwise.js';
import { fromNumbers, productOfDims, toNumbers } from './helpers.js';
import { dataTypeOf } from './cast.js';
import type { EvaluateContext, LowerContext, NodeContext, Operand, Operator } from './types.js';

function isUpper(context: NodeContext): boolean {
  return context.attributes.int('upper', 1) === 1;
}

function evaluateTrilu(context: EvaluateContext): readonly Tensor[] {
  const x = context.input(0);
  const shift = context.optional(1);
  const k = shift ? toNumbers(shift)[0] : 0;
  const [rows, columns] = x.dims.slice(-2);
  const upper = isUpper(context);
  const kept = toNumbers(x).map((value, i) => {
    const distance = (i % columns) - (Math.floor(i / columns) % rows);
    return (upper ? distance >= k : distance <= k) ? value : 0;
  });
  return [fromNumbers(x.dataType, x.dims, kept)];
}

/** A table of 0, 1, ... along one axis of a shape. */
function positions(context: LowerContext, shape: readonly number[], axis: number): Operand {
  const length = shape[axis];
  const table = context.table(
    `range/${length}`,
    'i32',
    Int32Array.from({ length }, (_, i) => i),
  );
  return {
    ...table,
    shape: shape.map((size, i) => (i === axis ? size : 1)),
    strides: shape.map((_, i) => (i === axis ? 1 : 0)),
  };
}

function lowerTrilu(context: LowerContext): void {
  const x = context.input(0);
  const shift = context.hasInput(1) ? context.constant(1) : undefined;
  if (context.hasInput(1) && !shift) context.fail('k depends on data; it must be constant');
  const rank = x.shape.length;
  const k = shift ? toNumbers(shift)[0] : 0;
  const comparison = isUpper(context) ? '>=' : '<=';
  const formula = {
    label: 'trilu',
    wgsl: `return select(A(0), a, c - b ${comparison} params.k);`,
    params: [{ name: 'k', type: 'i32' as const, value: Math.min(2 ** 31 - 1, Math.max(-(2 ** 31), k)) }],
  };
  const inputs = [x, positions(context, x.shape, rank - 2), positions(context, x.shape, rank - 1)];
  context.output(0, emitElementwise(context, formula, inputs, context.outputType(0)));
}

function evaluateEyeLike(context: EvaluateContext): readonly Tensor[] {
  const { dims, dataType } = context.input(0);
  const k = context.attributes.int('k', 0);
  const columns = dims[1];
  const values = Float64Array.from({ length: productOfDims(dims) as number }, (_, i) =>
    (i % columns) - Math.floor(i / columns) === k ? 1 : 0,
  );
  return [fromNumbers(context.attributes.has('dtype') ? dataTypeOf(context, 'dtype') : dataType, dims, values)];
}

function lowerEyeLike(context: LowerContext): void {
  const type = context.outputType(0);
  const formula = {
    label: 'eye',
    wgsl: 'return R(b - a == params.k);',
    params: [{ name: 'k', type: 'i32' as const, value: context.attributes.int('k', 0) }],
  };
  const inputs = [positions(context, type.shape, 0), positions(context, type.shape, 1)];
  context.output(0, emitElementwise(context, formula, inputs, type));
}

/** Operators on the diagonals of matrices. */
export const diagonalOperators: readonly Operator[] = [
  {
    type: 'Trilu',
    domain: '',
    since: 14,
    valueInputs: [1],
    infer: (context) => [context.type(0)],
    evaluate: evaluateTrilu,
    lower: lowerTrilu,
  },
  {
    type: 'EyeLike',
    domain: '',
    since: 9,
    infer(context) {
      const { dataType, shape } = context.type(0);
      if (shape && shape.length !== 2) context.fail(`the input has rank ${shape.length}; it must be 2`);
      return [{ dataType: context.attributes.has('dtype') ? dataTypeOf(context, 'dtype') : dataType, shape }];
    },
    evaluate: evaluateEyeLike,
    lower: lowerEyeLike,
  },
];
