import type { Dim } from '../graph.js';

/** Parentheses around a sum, so that the texts of expressions nest. */
function sum(a: Dim, sign: '+' | '-', b: Dim): Dim {
  return `(${a}${sign}${b})`;
}

/** a + b; whole numbers are added, anything else becomes an expression in symbols. */
export function addDims(a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number') return a + b;
  if (a === 0) return b;
  if (b === 0) return a;
  if (typeof a === 'number') return addDims(b, a);
  if (typeof b === 'number' && b < 0) return sum(a, '-', -b);
  return sum(a, '+', b);
}

export function subtractDims(a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (a === b) return 0;
  return b === 0 ? a : sum(a, '-', b);
}

export function multiplyDims(a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number') return a * b;
  if (a === 0 || b === 0) return 0;
  if (a === 1) return b;
  if (b === 1) return a;
  return typeof a === 'number' ? `(${b}*${a})` : `(${a}*${b})`;
}

/** Division of sizes that truncates, as ONNX's Div on integers does. */
export function divideDims(a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number') return b === 0 ? 0 : Math.trunc(a / b);
  if (b === 1) return a;
  return a === b ? 1 : `floor(${a}/${b})`;
}

export function productOfDims(dims: readonly Dim[]): Dim {
  const known = dims.reduce<number>((product, d) => (typeof d === 'number' ? product * d : product), 1);
  return dims.filter((d) => typeof d === 'string').reduce<Dim>((product, d) => multiplyDims(product, d), known);
}

/** True where every size is a number. */
export function areNumbers(dims: readonly Dim[] | undefined): dims is readonly number[] {
  return dims !== undefined && dims.every((d) => typeof d === 'number');
}

export function showDims(dims: readonly Dim[] | undefined): string {
  return dims ? `[${dims.join(', ')}]` : 'of unknown rank';
}

/**
 * The shape numpy's broadcasting gives; undefined where two sizes can never meet. A symbol meets a number above 1 as
 * that number, and 1 as itself; of two different symbols `unknown` makes a new one.
 */
export function broadcastDims(a: readonly Dim[], b: readonly Dim[], unknown: () => Dim): readonly Dim[] | undefined {
  const rank = Math.max(a.length, b.length);
  const result: Dim[] = [];
  for (let i = 0; i < rank; i++) {
    const dim = broadcastDim(a[a.length - rank + i] ?? 1, b[b.length - rank + i] ?? 1, unknown);
    if (dim === undefined) return undefined;
    result.push(dim);
  }
  return result;
}

function broadcastDim(a: Dim, b: Dim, unknown: () => Dim): Dim | undefined {
  if (a === b || b === 1) return a;
  if (a === 1) return b;
  if (typeof a === 'number') return typeof b === 'number' ? undefined : a;
  return typeof b === 'number' ? b : unknown();
}

/** Broadcasting where all sizes are known. */
export function broadcastShape(shapes: readonly (readonly number[])[]): readonly number[] | undefined {
  return shapes.reduce<readonly number[] | undefined>(
    (result, shape) => result && (broadcastDims(result, shape, () => 1) as readonly number[] | undefined),
    [],
  );
}

/** Strides with which an operand of `shape` is read as if it had the broadcast shape: 0 along repeated dimensions. */
export function broadcastStrides(
  shape: readonly number[],
  strides: readonly number[],
  target: readonly number[],
): number[] {
  const lead = target.length - shape.length;
  return target.map((_, i) => (i < lead || shape[i - lead] === 1 ? 0 : strides[i - lead]));
}
