import { dataTypeOf } from '../cast.js';
import type { ExpandContext, FunctionOperator } from '../types.js';
import { known } from './attention-parts.js';
import { call, castTo, int, ints, scalarLike, shapeOf, typeNumbers, unsqueeze, vector } from './build.js';

/** Keys or values [batch, head, step, element] with every head repeated for the query heads that share it. */
function repeated(context: ExpandContext, value: string, times: number): string {
  if (times === 1) return value;
  const heads = known(context, shapeOf(context, value, 'K')[1], 'the number of key heads');
  const spread = unsqueeze(context, value, [2]);
  const copies = call(context, 'Tile', [spread, vector(context, [1, 1, times, 1, 1])]);
  const size = known(context, shapeOf(context, value, 'K')[3], 'the size of a head');
  return call(context, 'Reshape', [copies, vector(context, [0, heads * times, -1, size])]);
}

/** A value after the graph of an attribute, where the node has it. */
function modified(context: ExpandContext, attribute: string, value: string): string {
  const graph = context.attributes.get(attribute);
  if (!graph) return value;
  if (graph.type !== 'graph') return context.fail(`attribute ${attribute} is of type ${graph.type}; it must be graph`);
  return context.inline(graph.value, [value])[0];
}

/** Attention whose scores and probabilities pass through graphs of the model's own (Dong et al., 2024). */
function flexAttention(context: ExpandContext): void {
  const [q, k, v] = [0, 1, 2].map((index) => context.inputName(index));
  const [heads, keyHeads] = [q, k].map((value) =>
    known(context, shapeOf(context, value, 'Q and K')[1], 'the number of heads'),
  );
  const size = known(context, shapeOf(context, q, 'Q')[3], 'the size of a head');
  const root = Math.sqrt(context.attributes.float('scale', 0) || 1 / Math.sqrt(size));
  const { dataType } = context.typeOf(q);
  const fallback = dataType === 'float64' ? typeNumbers.float64 : typeNumbers.float32;
  const precision = dataTypeOf(context, 'softmax_precision', fallback) as keyof typeof typeNumbers;
  const scaled = (value: string) => call(context, 'Mul', [value, scalarLike(context, value, root)]);
  const keys = call(context, 'Transpose', [scaled(repeated(context, k, heads / keyHeads))], {
    perm: ints([0, 1, 3, 2]),
  });
  const scores = castTo(context, call(context, 'MatMul', [scaled(q), keys]), precision);
  const weights = call(context, 'Softmax', [modified(context, 'score_mod', scores)], { axis: int(3) });
  const values = castTo(context, repeated(context, v, heads / keyHeads), precision);
  const y = call(context, 'MatMul', [modified(context, 'prob_mod', weights), values]);
  context.result(0, castTo(context, y, dataType as keyof typeof typeNumbers));
}

export const flexAttentionFunctions: readonly FunctionOperator[] = [
  { type: 'FlexAttention', domain: 'ai.onnx.preview', since: 1, expand: flexAttention },
];
