import { rotaryEmission } from '../kernels/rotary-embedding.js';
import type { Tensor } from '../tensor.js';
import { forEachIndex } from './host-index.js';
import { fromNumbers, toNumbers } from './numbers.js';
import type { EvaluateContext, InferContext, InferResult, LowerContext, NodeContext, Operator } from './types.js';

/** The input as [batch, head, step, element]; one of rank 3 is [batch, step, head * element]. */
function headView(context: NodeContext, shape: readonly number[]) {
  if (shape.length === 4) return { sizes: shape, order: [0, 1, 2, 3] };
  const heads = context.attributes.int('num_heads', 0);
  if (shape.length !== 3 || heads < 1 || shape[2] % heads !== 0) {
    return context.fail(`X [${shape.join(', ')}] does not divide into ${heads} heads; give it rank 4, or num_heads`);
  }
  return { sizes: [shape[0], heads, shape[1], shape[2] / heads], order: [0, 2, 1, 3] };
}

function rotatedSize(context: NodeContext, headSize: number): number {
  const rotated = context.attributes.int('rotary_embedding_dim', 0) || headSize;
  if (rotated % 2 !== 0 || rotated > headSize) {
    context.fail(`${rotated} elements are to be turned; an even number up to the head's ${headSize} is right`);
  }
  return rotated;
}

function viewStrides({ sizes, order }: { readonly sizes: readonly number[]; readonly order: readonly number[] }) {
  const strides = [0, 0, 0, 0];
  let step = 1;
  for (const axis of [...order].reverse()) {
    strides[axis] = step;
    step *= sizes[axis];
  }
  return strides;
}

function infer(context: InferContext): readonly InferResult[] {
  const { dataType, shape } = context.type(0);
  if (shape && shape.length !== 3 && shape.length !== 4) context.fail(`X has rank ${shape.length}; 3 or 4 is right`);
  return [{ dataType, shape }];
}

function evaluate(context: EvaluateContext): readonly Tensor[] {
  const [x, cosines, sines] = [0, 1, 2].map((i) => context.input(i));
  const view = headView(context, x.dims);
  const strides = viewStrides(view);
  const [, , steps, headSize] = view.sizes;
  const half = rotatedSize(context, headSize) / 2;
  const [values, cos, sin] = [x, cosines, sines].map(toNumbers);
  const positions = context.hasInput(3) ? toNumbers(context.input(3)) : undefined;
  const isInterleaved = context.attributes.int('interleaved', 0) !== 0;
  const y = new Float64Array(values.length);
  forEachIndex(view.sizes, ([b, h, s, e]) => {
    const row = b * strides[0] + h * strides[1] + s * strides[2];
    if (e >= 2 * half) return void (y[row + e] = values[row + e]);
    const pair = isInterleaved ? Math.floor(e / 2) : e % half;
    const isSecond = isInterleaved ? e % 2 === 1 : e >= half;
    const distance = isInterleaved ? 1 : half;
    const angle = (positions?.[b * steps + s] ?? b * steps + s) * half + pair;
    const partner = values[row + e + (isSecond ? -distance : distance)];
    y[row + e] = values[row + e] * cos[angle] + (isSecond ? 1 : -1) * partner * sin[angle];
  });
  return [fromNumbers(x.dataType, x.dims, y)];
}

function lower(context: LowerContext): void {
  const x = context.withLayout(context.input(0), 'row-major');
  const y = context.allocate(context.outputType(0));
  const view = headView(context, x.shape);
  const [shape, strides] = [view.sizes, viewStrides(view)];
  const problem = {
    x: { ...x, shape, strides },
    y: { ...y, shape, strides },
    cosines: context.input(1),
    sines: context.input(2),
    positions: context.hasInput(3) ? context.input(3) : undefined,
    rotated: rotatedSize(context, shape[3]),
    isInterleaved: context.attributes.int('interleaved', 0) !== 0,
  };
  context.emit(rotaryEmission(problem, context.profile));
  context.output(0, y);
}

export const rotaryEmbeddingOperators: readonly Operator[] = [
  { type: 'RotaryEmbedding', domain: '', since: 23, infer, evaluate, lower },
];
