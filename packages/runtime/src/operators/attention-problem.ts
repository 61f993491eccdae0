import type { NodeContext } from './types.js';

/** What an Attention node's attributes say of its scores. */
export interface AttentionSettings {
  readonly isCausal: boolean;
  /** Keys a query sees before and after its own place; -1: all. */
  readonly left: number;
  readonly right: number;
  /** Scores are bounded smoothly to this size; 0: not at all. */
  readonly softcap: number;
  /** What qk_matmul_output holds: 0 scores, 1 after softcap, 2 after the mask, 3 probabilities. */
  readonly outputMode: number;
}

export function attentionSettings(context: NodeContext): AttentionSettings {
  const { attributes } = context;
  const outputMode = attributes.int('qk_matmul_output_mode', 0);
  if (outputMode < 0 || outputMode > 3) context.fail(`qk_matmul_output_mode is ${outputMode}; 0 to 3 is right`);
  return {
    isCausal: attributes.int('is_causal', 0) !== 0,
    left: attributes.int('left_window_size', -1),
    right: attributes.int('right_window_size', -1),
    softcap: attributes.float('softcap', 0),
    outputMode,
  };
}

/** A tensor as [batch, head, step, element], with its element strides. */
export interface HeadView {
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/** A row-major tensor of rank 4, or of rank 3 as [batch, step, head * element]. */
function headView(context: NodeContext, shape: readonly number[], heads: number): HeadView {
  if (shape.length === 4) {
    const [, h, s, e] = shape;
    return { shape, strides: [h * s * e, s * e, e, 1] };
  }
  if (shape.length !== 3 || heads < 1 || shape[2] % heads !== 0) {
    context.fail(`an input [${shape.join(', ')}] does not divide into ${heads} heads; give it rank 4, or its heads`);
  }
  const [b, s, width] = shape;
  const size = width / heads;
  return { shape: [b, heads, s, size], strides: [s * width, size, width, 1] };
}

export interface AttentionShapes {
  readonly q: HeadView;
  readonly k: HeadView;
  readonly v: HeadView;
  readonly y: HeadView;
  /** Keys of the past, and of both. */
  readonly past: number;
  readonly total: number;
  /** Query heads that share a key head. */
  readonly group: number;
  readonly scale: number;
}

export function attentionShapes(
  context: NodeContext,
  inputs: readonly (readonly number[])[],
  past: number,
): AttentionShapes {
  const heads = (name: string) => context.attributes.int(name, 0);
  const q = headView(context, inputs[0], heads('q_num_heads'));
  const [k, v] = [inputs[1], inputs[2]].map((shape) => headView(context, shape, heads('kv_num_heads')));
  const [batch, qHeads, steps, size] = q.shape;
  const kvHeads = k.shape[1];
  if (qHeads % kvHeads !== 0 || k.shape[3] !== size) {
    context.fail(`queries [${q.shape.join(', ')}] do not fit keys [${k.shape.join(', ')}] (batch, heads, steps, size)`);
  }
  const valueSize = v.shape[3];
  const yShape = inputs[0].length === 4 ? [batch, qHeads, steps, valueSize] : [batch, steps, qHeads * valueSize];
  return {
    q,
    k,
    v,
    y: headView(context, yShape, qHeads),
    past,
    total: past + k.shape[2],
    group: qHeads / kvHeads,
    scale: context.attributes.float('scale', 0) || 1 / Math.sqrt(size),
  };
}

/** Strides of a mask along [batch, head, query, key]; dimensions of size 1, but for the last, and absent ones do not move. */
export function maskStrides(context: NodeContext, shape: readonly number[], strides: readonly number[]): number[] {
  if (shape.length < 1 || shape.length > 4) context.fail(`attn_mask has rank ${shape.length}; 1 to 4 is right`);
  const absent = 4 - shape.length;
  return [0, 1, 2, 3].map((axis) => {
    const own = axis - absent;
    return own < 0 || (shape[own] === 1 && axis < 3) ? 0 : strides[own];
  });
}
