import { reverseSequenceEmission } from '../kernels/reverse-sequence.js';
import type { Tensor } from '../tensor.js';
import { rowMajorStrides } from './elementwise.js';
import { normalizeAxis, toNumbers } from './helpers.js';
import { product } from './host-index.js';
import type { EvaluateContext, LowerContext, NodeContext, Operator } from './types.js';
import { take } from './views.js';

function readAxes(context: NodeContext, rank: number) {
  const axis = (name: string, fallback: number) => normalizeAxis(context, context.attributes.int(name, fallback), rank);
  const [batchAxis, timeAxis] = [axis('batch_axis', 1), axis('time_axis', 0)];
  if (batchAxis === timeAxis) context.fail(`batch_axis and time_axis are both ${batchAxis}; they must differ`);
  return { batchAxis, timeAxis };
}

/** Lengths outside the dimension count as its ends. */
function evaluate(context: EvaluateContext): readonly Tensor[] {
  const x = context.input(0);
  const { batchAxis, timeAxis } = readAxes(context, x.dims.length);
  const lengths = toNumbers(context.input(1));
  const strides = rowMajorStrides(x.dims);
  const times = x.dims[timeAxis];
  const places = Uint32Array.from({ length: product(x.dims) }, (_, i) => {
    const at = (axis: number) => Math.floor(i / strides[axis]) % x.dims[axis];
    const [time, length] = [at(timeAxis), Math.min(lengths[at(batchAxis)], times)];
    return time < length ? i + (length - 1 - 2 * time) * strides[timeAxis] : i;
  });
  return [take(x, x.dims, places)];
}

function lower(context: LowerContext): void {
  const [x, lengths] = [context.input(0), context.input(1)];
  const y = context.allocate(context.outputType(0), context.layoutOf(x) ?? 'row-major');
  context.emit(reverseSequenceEmission(x, lengths, y, readAxes(context, x.shape.length), context.profile));
  context.output(0, y);
}

export const reverseSequenceOperators: readonly Operator[] = [
  { type: 'ReverseSequence', domain: '', since: 10, infer: (context) => [context.type(0)], evaluate, lower },
];
