import { planAveragedProduct, type ActivationFunction, type AveragedProductProblem } from '@tessera/conv-kernels';
import { packedWeights, type PreparedValues } from './conv-lower.js';
import { emitPlan, planned } from './plan-emission.js';
import type { DeferredMean, LowerContext, Operand } from './types.js';

/** A matrix product whose rows may be means that are still to be formed. */
interface ProductOfRows {
  /** Where the rows would lie. */
  readonly a: Operand;
  /** Element (row, k) of A, in elements of its buffer. */
  readonly rows: { readonly offset: number; readonly rowStride: number; readonly columnStride: number };
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly output: AveragedProductProblem['output'];
  readonly y: Operand;
  readonly elementType: 'f32' | 'f16';
  readonly f32Output?: boolean;
  readonly bias?: Operand;
  readonly activation?: ActivationFunction;
  /** The constant input that holds B, and where its elements lie in the values that are packed. */
  readonly weights: AveragedProductProblem['weights'] & { readonly input: number; readonly prepare?: PreparedValues };
}

/**
 * Emits a product together with the means that are its rows, as one kernel, where these are deferred and that is
 * predicted to be faster; false where the product is to be emitted as any other.
 */
export function emitAveragedProduct(context: LowerContext, product: ProductOfRows): boolean {
  const mean = context.deferred(product.a);
  if (mean?.kind !== 'mean' || mean.x.elementType !== product.elementType) return false;
  const input = averagedLayout(mean, product);
  if (!input) return false;
  const { m, k, n, weights, output, y, bias, activation, elementType, f32Output } = product;
  const problem: AveragedProductProblem = {
    ...input,
    batch: m,
    channels: k,
    columns: n,
    elementType,
    f32Output,
    weights: { channelStride: weights.channelStride, columnStride: weights.columnStride },
    output,
    epilogue: { bias: bias !== undefined, activation },
  };
  context.choose({ kind: 'averaged-product', problem });
  const plan = planned(context, () => planAveragedProduct(problem, context.profile, context.algorithms));
  if (!plan) return false;
  context.absorb(mean);
  const packed = packedWeights(context, plan, weights.input, elementType, weights.prepare);
  emitPlan(context, plan, { input: mean.x, weights: packed, bias, output: y });
  return true;
}

/** What is averaged, as images of channels; undefined where the rows of A are not its means, or not of one or two dimensions. */
function averagedLayout(
  { x, axes, result, resultStrides }: DeferredMean,
  { rows, m, k }: ProductOfRows,
): Pick<AveragedProductProblem, 'height' | 'width' | 'input'> | undefined {
  const kept = x.shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  if (kept.length !== 2 || axes.length > 2 || axes.length === 0 || rows.offset !== result.offset) return undefined;
  const [n, c] = kept;
  const isRow = (size: number, stride: number, axis: number) =>
    x.shape[axis] === size && (size === 1 || resultStrides[axis] === stride);
  if (!isRow(m, rows.rowStride, n) || !isRow(k, rows.columnStride, c)) return undefined;
  const [height, width] = axes.length === 2 ? axes.map((axis) => x.shape[axis]) : [1, x.shape[axes[0]]];
  const [sy, sx] = axes.length === 2 ? axes.map((axis) => x.strides[axis]) : [0, x.strides[axes[0]]];
  const strides = [x.strides[n], x.strides[c], sy, sx] as const;
  if (strides.some((stride) => stride < 0)) return undefined;
  return { height, width, input: { offset: x.offset, strides } };
}
