import type { ExpandContext, FunctionOperator } from '../types.js';
import {
  attention,
  known,
  paddingMask,
  range,
  splitLast,
  toHeads,
  unpacked,
  type AttentionOutputs,
  type HeadInputs,
} from './attention-parts.js';
import { call, castTo, int, shapeOf, unsqueeze, vector } from './build.js';

function refuse(context: ExpandContext, attributes: readonly string[]): void {
  const set = attributes.find((name) => context.attributes.int(name, 0) > 0);
  if (set) context.fail(`${set} ${context.attributes.int(set)} is not supported; 0 is`);
}

function isCausal(context: ExpandContext, fallback = 0): boolean {
  return context.attributes.int('unidirectional', fallback) !== 0;
}

/** What the padding and the bias of a node add to its scores. */
function scoreMasks(context: ExpandContext, heads: HeadInputs, padding: number, bias: number): readonly string[] {
  const mask = context.inputName(padding);
  return [mask && paddingMask(context, mask, allKeys(context, heads), heads.q), context.inputName(bias)];
}

/** The keys of the past and of now, as a value [batch, head, key, element]: their number is all that matters. */
function allKeys(context: ExpandContext, { k, kvHeads, pastKey }: HeadInputs): string {
  const keys = shapeOf(context, k, 'K').length === 4 ? k : toHeads(context, k, kvHeads);
  return pastKey === '' ? keys : call(context, 'Concat', [pastKey, keys], { axis: int(2) });
}

/** Attention of com.microsoft: the projection of queries, keys and values, then their attention. */
function projectedAttention(context: ExpandContext): void {
  refuse(context, ['do_rotary']);
  const heads = context.attributes.int('num_heads');
  const width = known(context, shapeOf(context, context.inputName(1), 'weights')[1], 'the width of weights');
  const sizes = context.attributes.ints('qkv_hidden_sizes', [width / 3, width / 3, width / 3]);
  const product = call(context, 'MatMul', [context.inputName(0), context.inputName(1)]);
  const projected = context.hasInput(2) ? call(context, 'Add', [product, context.inputName(2)]) : product;
  const [q, k, v] = splitLast(context, projected, sizes);
  const past = context.hasInput(4)
    ? context
        .add('Split', [context.inputName(4)], { axis: int(0), num_outputs: int(2) }, { outputs: 2 })
        .map((part) => call(context, 'Squeeze', [part, vector(context, [0])]))
    : ['', ''];
  const inputs = { q, k, v, qHeads: heads, kvHeads: heads, pastKey: past[0], pastValue: past[1] };
  const result = attention(context, inputs, scoreMasks(context, inputs, 3, 5), { isCausal: isCausal(context) });
  context.result(0, result.y);
  if (context.hasOutput(1)) {
    const parts = [result.presentKey, result.presentValue].map((part) => unsqueeze(context, part, [0]));
    context.result(1, call(context, 'Concat', parts, { axis: int(0) }));
  }
}

function outputs(context: ExpandContext, { y, presentKey, presentValue }: AttentionOutputs): void {
  context.result(0, y);
  context.result(1, presentKey);
  context.result(2, presentValue);
}

/** Q, K and V of MultiHeadAttention, which may come packed, with their bias added. */
function headInputs(context: ExpandContext): readonly [string, string, string] {
  const [query, key, value] = [0, 1, 2].map((index) => context.inputName(index));
  const parts =
    key === '' ? unpacked(context, query) : value === '' ? [query, ...unpacked(context, key)] : [query, key, value];
  if (!context.hasInput(3)) return parts as unknown as [string, string, string];
  const isDirect = (part: string) => shapeOf(context, part, 'K').length === 4;
  const width = (part: string) =>
    known(context, shapeOf(context, part, 'Q, K and V').at(-1), 'the width of Q, K and V');
  const sizes = parts.map((part) => (isDirect(part) ? width(part) * context.attributes.int('num_heads') : width(part)));
  const biases = splitLast(context, context.inputName(3), sizes);
  return parts.map((part, i) => (isDirect(part) ? part : call(context, 'Add', [part, biases[i]]))) as unknown as [
    string,
    string,
    string,
  ];
}

function multiHeadAttention(context: ExpandContext): void {
  const heads = context.attributes.int('num_heads');
  const [q, k, v] = headInputs(context);
  const isCross = shapeOf(context, k, 'K').length === 4;
  const inputs = {
    q: isCross ? toHeads(context, q, heads) : q,
    k,
    v,
    qHeads: heads,
    kvHeads: heads,
    pastKey: context.inputName(6),
    pastValue: context.inputName(7),
  };
  const result = attention(context, inputs, scoreMasks(context, inputs, 4, 5), { isCausal: isCausal(context) });
  if (!isCross) return outputs(context, result);
  const rows = call(context, 'Transpose', [result.y], { perm: { type: 'ints', value: [0, 2, 1, 3] } });
  outputs(context, { ...result, y: call(context, 'Reshape', [rows, vector(context, [0, 0, -1])]) });
}

/** Places of the queries: behind the past. */
function queryPositions(context: ExpandContext, q: string, pastKey: string): string {
  const steps = range(context, q, 1);
  const length = pastKey && call(context, 'Shape', [pastKey], { start: int(2), end: int(3) });
  const places = length ? call(context, 'Add', [steps, length]) : steps;
  const rows = call(context, 'Shape', [q], { start: int(0), end: int(2) });
  return call(context, 'Expand', [unsqueeze(context, places, [0]), rows]);
}

/**
 * GroupQueryAttention. Its past holds exactly the keys before the queries, so that `total_sequence_length` is their number
 * together; a past that is a buffer with room for later keys is refused where the numbers are known.
 */
function groupQueryAttention(context: ExpandContext): void {
  refuse(context, ['smooth_softmax', 'k_quant_type', 'v_quant_type']);
  if ([10, 11].some((index) => context.hasInput(index))) context.fail('attention_bias and head_sink are not supported');
  const [qHeads, kvHeads] = [context.attributes.int('num_heads'), context.attributes.int('kv_num_heads')];
  const parts = context.hasInput(1) ? [0, 1, 2].map((index) => context.inputName(index)) : packedGroups(context);
  const [pastKey, pastValue] = [context.inputName(3), context.inputName(4)];
  const [[, steps], past] = [shapeOf(context, parts[0], 'query'), pastKey ? context.typeOf(pastKey).shape?.[2] : 0];
  const total = context.constant(6)?.data[0];
  if (total !== undefined && typeof steps === 'number' && typeof past === 'number' && past + steps !== Number(total)) {
    context.fail(
      `total_sequence_length is ${total}; ${past} keys of the past and ${steps} new ones are ${past + steps} together`,
    );
  }
  const turn = (value: string, heads: number) => {
    if (context.attributes.int('do_rotary', 0) === 0) return value;
    const positions = queryPositions(context, parts[0], pastKey);
    const inputs = [value, context.inputName(7), context.inputName(8), positions];
    const interleaved = int(context.attributes.int('rotary_interleaved', 0));
    return call(context, 'RotaryEmbedding', inputs, { num_heads: int(heads), interleaved });
  };
  const [q, k] = [turn(parts[0], qHeads), turn(parts[1], kvHeads)];
  const window = context.attributes.int('local_window_size', -1);
  const inputs = { q, k, v: parts[2], qHeads, kvHeads, pastKey, pastValue };
  outputs(context, attention(context, inputs, [], { isCausal: true, left: window < 0 ? -1 : window - 1 }));
}

function packedGroups(context: ExpandContext): readonly string[] {
  const [qHeads, kvHeads] = [context.attributes.int('num_heads'), context.attributes.int('kv_num_heads')];
  const width = known(context, shapeOf(context, context.inputName(0), 'query').at(-1), 'the width of query');
  const size = width / (qHeads + 2 * kvHeads);
  return splitLast(context, context.inputName(0), [qHeads * size, kvHeads * size, kvHeads * size]);
}

/** RotaryEmbedding of com.microsoft: positions come before the caches, and may be a single first place. */
function rotaryEmbedding(context: ExpandContext): void {
  refuse(context, ['is_packed_batching']);
  const [x, given, cosines, sines] = [0, 1, 2, 3].map((index) => context.inputName(index));
  const shape = shapeOf(context, x, 'X');
  const axis = shape.length === 4 ? 2 : 1;
  const rotated = context.attributes.int('rotary_embedding_dim', 0);
  const pairs = known(context, shapeOf(context, cosines, 'cos_cache')[1], 'the width of cos_cache');
  const stated = context.attributes.int('num_heads', 0);
  const heads = stated || (shape.length === 4 ? 0 : known(context, shape[2], 'the width of X') / (2 * pairs));
  const isFirst = shapeOf(context, given, 'position_ids').length === 1;
  const places = () => {
    const steps = call(context, 'Add', [range(context, x, axis), castTo(context, given, 'int64')]);
    const rows = call(context, 'Shape', [x], { start: int(0), end: int(1) });
    const columns = call(context, 'Shape', [x], { start: int(axis), end: int(axis + 1) });
    return call(context, 'Expand', [
      unsqueeze(context, steps, [0]),
      call(context, 'Concat', [rows, columns], { axis: int(0) }),
    ]);
  };
  const attributes = {
    num_heads: int(heads),
    interleaved: int(context.attributes.int('interleaved', 0)),
    rotary_embedding_dim: int(rotated),
  };
  const inputs = [x, cosines, sines, isFirst ? places() : given];
  context.result(0, call(context, 'RotaryEmbedding', inputs, attributes));
}

const definitions: Readonly<Record<string, (context: ExpandContext) => void>> = {
  Attention: projectedAttention,
  MultiHeadAttention: multiHeadAttention,
  GroupQueryAttention: groupQueryAttention,
  RotaryEmbedding: rotaryEmbedding,
};

/** Attention as com.microsoft has it. */
export const attentionFunctions: readonly FunctionOperator[] = Object.entries(definitions).map(([type, expand]) => ({
  type,
  domain: 'com.microsoft',
  since: 1,
  expand,
}));
