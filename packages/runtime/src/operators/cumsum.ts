import { cumsumEmission, type Scan } from '../kernels/cumsum.js';
import type { Tensor } from '../tensor.js';
import { rowMajorStrides } from './elementwise.js';
import { fromWrappedNumbers, normalizeAxis, productOfDims, toNumbers } from './helpers.js';
import type { EvaluateContext, LowerContext, NodeContext, Operator } from './types.js';

function scanOf(context: NodeContext): Scan {
  const { attributes } = context;
  const combine = context.opType === 'CumSum' ? 'sum' : 'product';
  return { combine, isExclusive: attributes.int('exclusive', 0) === 1, isReverse: attributes.int('reverse', 0) === 1 };
}

function axisOf(context: NodeContext, tensor: Tensor | undefined, rank: number): number {
  if (!tensor) return context.fail('axis depends on data; it must be constant');
  return normalizeAxis(context, toNumbers(tensor)[0], rank);
}

function evaluate(context: EvaluateContext): readonly Tensor[] {
  const x = context.input(0);
  const axis = axisOf(context, context.input(1), x.dims.length);
  const { combine, isExclusive, isReverse } = scanOf(context);
  const neutral = combine === 'sum' ? 0 : 1;
  const values = toNumbers(x);
  const result = new Float64Array(values.length);
  const [size, step] = [x.dims[axis], rowMajorStrides(x.dims)[axis]];
  const rows = (productOfDims(x.dims) as number) / Math.max(1, size);
  for (let row = 0; row < rows; row++) {
    const first = Math.floor(row / step) * step * size + (row % step);
    let total = neutral;
    for (let i = 0; i < size; i++) {
      const at = first + (isReverse ? size - 1 - i : i) * step;
      const next = combine === 'sum' ? total + values[at] : total * values[at];
      result[at] = isExclusive ? total : next;
      total = next;
    }
  }
  return [fromWrappedNumbers(x.dataType, x.dims, result)];
}

function lower(context: LowerContext): void {
  const x = context.input(0);
  const axis = axisOf(context, context.constant(1), x.shape.length);
  const output = context.allocate(context.outputType(0), context.layoutOf(x) ?? 'row-major');
  context.emit(cumsumEmission(x, output, axis, scanOf(context), context.profile));
  context.output(0, output);
}

const infer: Operator['infer'] = (context) => [context.type(0)];

/** Running sums and products along one axis. */
export const cumsumOperators: readonly Operator[] = [
  { type: 'CumSum', domain: '', since: 11, infer, evaluate, lower, valueInputs: [1] },
  { type: 'CumProd', domain: '', since: 26, infer, evaluate, lower, valueInputs: [1] },
];
