import type { NormalizeKind } from '../kernels/normalize.js';
import { denseStrides } from '../program/layout.js';
import type { Tensor } from '../tensor.js';
import { broadcastStrides } from './helpers.js';
import { forEachRow, rowPositions, type RowPositions } from './host-index.js';
import { fromNumbers, toNumbers } from './numbers.js';
import type { EvaluateContext } from './types.js';

/** How a node normalizes, its input seen in the shape `view`. */
export interface Normalization {
  readonly kind: NormalizeKind;
  readonly epsilon: number;
  readonly view: readonly number[];
  /** Dimensions of the view that make up a row. */
  readonly axes: readonly number[];
  /** The shape in which inputs 1 (scale) and 2 (bias) broadcast to the view; absent where the operator has none. */
  readonly parameterShape?: (shape: readonly number[]) => readonly number[];
}

interface RowStatistics {
  readonly mean: number;
  readonly factor: number;
}

function sumOf(row: Float64Array, term: (value: number) => number): number {
  let sum = 0;
  for (let i = 0; i < row.length; i++) sum += term(row[i]);
  return sum;
}

function rowStatistics({ kind, epsilon }: Normalization, row: Float64Array): RowStatistics {
  const isCentered = kind === 'variance' || kind === 'deviation';
  const mean = isCentered ? sumOf(row, (x) => x) / row.length : 0;
  const squares = sumOf(row, (x) => (x - mean) * (x - mean));
  switch (kind) {
    case 'variance':
    case 'root-mean-square':
      return { mean, factor: 1 / Math.sqrt(squares / row.length + epsilon) };
    case 'deviation':
      return { mean, factor: 1 / (Math.sqrt(squares / row.length) + epsilon) };
    case 'l1':
      return { mean, factor: 1 / (sumOf(row, Math.abs) || 1) };
    case 'l2':
      return { mean, factor: 1 / (Math.sqrt(squares) || 1) };
  }
}

/** Input 1 or 2 as numbers, and where they lie for the elements of the view; `absent` everywhere where there is none. */
function parameterOf(
  context: EvaluateContext,
  index: number,
  of: Normalization,
  absent: number,
): RowPositions & { readonly values: Float64Array } {
  if (!of.parameterShape || !context.hasInput(index)) {
    const nowhere = of.view.map(() => 0);
    return { ...rowPositions(of.view, of.axes, nowhere), values: Float64Array.of(absent) };
  }
  const tensor = context.input(index);
  const shape = of.parameterShape(tensor.dims);
  const strides = broadcastStrides(shape, denseStrides(shape, 'row-major'), of.view);
  return { ...rowPositions(of.view, of.axes, strides), values: toNumbers(tensor) };
}

/** Input 0 normalized, and the mean and factor of every row. */
export function evaluateNormalization(context: EvaluateContext, normalization: Normalization): readonly Tensor[] {
  const x = context.input(0);
  const { view, axes } = normalization;
  const values = toNumbers(x);
  const positions = rowPositions(view, axes);
  const [scale, bias] = [parameterOf(context, 1, normalization, 1), parameterOf(context, 2, normalization, 0)];
  const y = new Float64Array(values.length);
  const [means, factors] = [new Float64Array(positions.rows.length), new Float64Array(positions.rows.length)];
  forEachRow(values, positions, (row, r) => {
    const { mean, factor } = rowStatistics(normalization, row);
    means[r] = mean;
    factors[r] = factor;
    for (let e = 0; e < row.length; e++) {
      const scaled = (row[e] - mean) * factor * scale.values[scale.rows[r] + scale.elements[e]];
      y[positions.rows[r] + positions.elements[e]] = scaled + bias.values[bias.rows[r] + bias.elements[e]];
    }
  });
  const dims = view.map((size, axis) => (axes.includes(axis) ? 1 : size));
  return [
    fromNumbers(x.dataType, x.dims, y),
    fromNumbers('float32', dims, means),
    fromNumbers('float32', dims, factors),
  ];
}
