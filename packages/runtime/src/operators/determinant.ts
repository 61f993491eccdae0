import { determinantEmission } from '../kernels/determinant.js';
import { scaledCopyEmission } from '../kernels/scaled-copy.js';
import { denseStrides } from '../program/layout.js';
import type { Tensor } from '../tensor.js';
import { showDims } from './helpers.js';
import { product } from './host-index.js';
import { fromNumbers, toNumbers } from './numbers.js';
import type { EvaluateContext, InferContext, InferResult, LowerContext, Operand, Operator } from './types.js';

function infer(context: InferContext): readonly InferResult[] {
  const { dataType, shape } = context.type(0);
  if (!shape) return [{ dataType }];
  const [rows, columns] = shape.slice(-2);
  if (shape.length < 2 || (typeof rows === 'number' && typeof columns === 'number' && rows !== columns)) {
    context.fail(`X ${showDims(shape)} must hold square matrices in its last two dimensions`);
  }
  return [{ dataType, shape: shape.slice(0, -2) }];
}

/** By elimination with the largest pivot of each column. */
function determinant(rows: number[][]): number {
  let result = 1;
  for (let k = 0; k < rows.length; k++) {
    const best = rows.reduce((at, row, i) => (i > at && Math.abs(row[k]) > Math.abs(rows[at][k]) ? i : at), k);
    if (best !== k) {
      [rows[k], rows[best]] = [rows[best], rows[k]];
      result = -result;
    }
    const pivot = rows[k][k];
    result *= pivot;
    if (pivot === 0) return 0;
    for (const row of rows.slice(k + 1)) {
      const factor = row[k] / pivot;
      for (let column = k; column < rows.length; column++) row[column] -= factor * rows[k][column];
    }
  }
  return result;
}

function evaluate(context: EvaluateContext): readonly Tensor[] {
  const x = context.input(0);
  const size = x.dims[x.dims.length - 1];
  const dims = x.dims.slice(0, -2);
  const values = toNumbers(x);
  const results = Float64Array.from({ length: product(dims) }, (_, matrix) =>
    determinant(
      Array.from({ length: size }, (_, row) => {
        const first = (matrix * size + row) * size;
        return Array.from(values.subarray(first, first + size));
      }),
    ),
  );
  return [fromNumbers(x.dataType, dims, results)];
}

function lower(context: LowerContext): void {
  const x = context.withLayout(context.input(0), 'row-major');
  const size = x.shape[x.shape.length - 1];
  const count = product(x.shape.slice(0, -2));
  const shape = [count, size, size];
  const strides = denseStrides(shape, 'row-major');
  const scratch: Operand = { ...context.scratch(Math.max(4, count * size * size * 4)), shape, strides };
  context.emit(scaledCopyEmission({ ...x, shape, strides }, scratch, 1, context.profile));
  const y = context.allocate(context.outputType(0));
  context.emit(determinantEmission(scratch, { ...y, shape: [count], strides: [1] }, context.profile));
  context.output(0, y);
}

export const determinantOperators: readonly Operator[] = [
  { type: 'Det', domain: '', since: 11, infer, evaluate, lower },
];
