import type { Attribute } from '@tessera/onnx-loader';
import type { Dim } from '../../graph.js';
import { fromNumbers } from '../numbers.js';
import type { ExpandContext } from '../types.js';
import { call, castTo, float, int, ints, scalarLike, shapeOf, unsqueeze, vector } from './build.js';

/** Queries, keys and values, of rank 3 [batch, step, head * element] or 4 [batch, head, step, element]. */
export interface HeadInputs {
  readonly q: string;
  readonly k: string;
  readonly v: string;
  readonly qHeads: number;
  readonly kvHeads: number;
  readonly pastKey: string;
  readonly pastValue: string;
}

/** A dimension that must be a number. */
export function known(context: ExpandContext, dim: Dim | undefined, what: string): number {
  return typeof dim === 'number' ? dim : context.fail(`${what} must be known`);
}

/** 0, 1, ... up to a size, as int64; its size must be known or be that of a dimension of a value. */
export function range(context: ExpandContext, value: string, axis: number): string {
  const size = shapeOf(context, value, `"${value}"`)[axis];
  if (typeof size === 'number') {
    return context.constantNamed(
      fromNumbers(
        'int64',
        [size],
        Array.from({ length: size }, (_, i) => i),
      ),
    );
  }
  const [zero, one] = [0, 1].map((number) => context.constantNamed(fromNumbers('int64', [], [number])));
  const length = call(context, 'Shape', [value], { start: int(axis), end: int(axis + 1) });
  return call(context, 'Range', [zero, call(context, 'Squeeze', [length]), one]);
}

/**
 * A mask of padding as numbers that are added to the scores: 0, or `mask_filter_value`. It comes as one number of keys for
 * each batch, [batch]; or as 1 for what is seen, [batch, key], [batch, query, key] or [batch, 1, query, key]. `keys` is any
 * value of rank 4 whose third dimension counts the keys.
 */
export function paddingMask(context: ExpandContext, mask: string, keys: string, like: string): string {
  const rank = shapeOf(context, mask, 'the mask').length;
  const seen = rank === 1 ? seenByLength(context, mask, keys) : call(context, 'Cast', [mask], { to: int(9) });
  const [rows] = shapeOf(context, mask, 'the mask');
  const [batch] = shapeOf(context, keys, 'K');
  if (rank === 1 && typeof rows === 'number' && typeof batch === 'number' && rows !== batch) {
    context.fail(`a mask of ${rows} numbers is not supported; one number of keys for each of the ${batch} batches is`);
  }
  const filter = context.attributes.float('mask_filter_value', -10000);
  const numbers = call(context, 'Where', [seen, scalarLike(context, like, 0), scalarLike(context, like, filter)]);
  return unsqueeze(context, numbers, { 1: [1, 2], 2: [1, 2], 3: [1] }[rank] ?? []);
}

/** True for the keys before each batch's length: [batch, key]. */
function seenByLength(context: ExpandContext, lengths: string, keys: string): string {
  const columns = unsqueeze(context, range(context, keys, 2), [0]);
  return call(context, 'Less', [columns, unsqueeze(context, castTo(context, lengths, 'int64'), [1])]);
}

export interface AttentionOutputs {
  readonly y: string;
  readonly presentKey: string;
  readonly presentValue: string;
}

/** Attention of the default domain, with whatever masks there are added up. */
export function attention(
  context: ExpandContext,
  heads: HeadInputs,
  masks: readonly string[],
  settings: { readonly isCausal: boolean; readonly left?: number },
): AttentionOutputs {
  const present = masks.filter((mask) => mask !== '');
  const mask = present.reduce((sum, next) => (sum === '' ? next : call(context, 'Add', [sum, next])), '');
  const scale = context.attributes.float('scale', 0);
  const softcap = context.attributes.float('softcap', 0);
  const attributes: Record<string, Attribute> = {
    is_causal: int(settings.isCausal ? 1 : 0),
    left_window_size: int(settings.left ?? -1),
    q_num_heads: int(heads.qHeads),
    kv_num_heads: int(heads.kvHeads),
    softcap: float(softcap),
    ...(scale === 0 ? {} : { scale: float(scale) }),
  };
  const inputs = [heads.q, heads.k, heads.v, mask, heads.pastKey, heads.pastValue];
  const [y, presentKey, presentValue] = context.add('Attention', inputs, attributes, { outputs: 3 });
  return { y, presentKey, presentValue };
}

/** Parts of the last dimension of a value, of these sizes. */
export function splitLast(context: ExpandContext, value: string, sizes: readonly number[]): readonly string[] {
  return context.add('Split', [value, vector(context, sizes)], { axis: int(-1) }, { outputs: sizes.length });
}

/** [batch, step, head, n, element] as its n parts [batch, step, head * element]. */
export function unpacked(context: ExpandContext, value: string): readonly string[] {
  const [, , heads, count, size] = shapeOf(context, value, 'a packed input').map((dim, axis) =>
    axis < 2 ? 0 : known(context, dim, `dimension ${axis} of a packed input`),
  );
  const parts = context.add('Split', [value], { axis: int(3), num_outputs: int(count) }, { outputs: count });
  return parts.map((part) => call(context, 'Reshape', [part, vector(context, [0, 0, heads * size])]));
}

/** [batch, head, step, element] of one of rank 3. */
export function toHeads(context: ExpandContext, value: string, heads: number): string {
  const split = call(context, 'Reshape', [value, vector(context, [0, 0, heads, -1])]);
  return call(context, 'Transpose', [split], { perm: ints([0, 2, 1, 3]) });
}
