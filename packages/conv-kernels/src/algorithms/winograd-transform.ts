import { floatLiteral } from '../wgsl/activation.js';

type Matrix = readonly (readonly number[])[];

/**
 * The matrices of a one-dimensional minimal filter F(outputs, taps): y = output * ((filter * g) x (input * d)), the
 * middle product element by element over `points` values. In two dimensions each is applied along both axes.
 */
export interface WinogradTransform {
  readonly outputs: number;
  readonly taps: number;
  /** outputs + taps - 1. */
  readonly points: number;
  /** [outputs][points]. */
  readonly output: Matrix;
  /** [points][taps]. */
  readonly filter: Matrix;
  /** [points][points]. */
  readonly input: Matrix;
}

/**
 * The Cook-Toom construction from outputs + taps - 2 interpolation points, all different, and infinity (Lavin and Gray,
 * arXiv 1509.09308; Blahut, Fast Algorithms for Signal Processing, chapter 5).
 */
function cookToom(outputs: number, taps: number, values: readonly number[]): WinogradTransform {
  const points = values.length + 1;
  const powers = (count: number): number[][] => [
    ...values.map((a) => Array.from({ length: count }, (_, i) => a ** i)),
    Array.from({ length: count }, (_, i) => (i === count - 1 ? 1 : 0)),
  ];
  const evaluated = powers(outputs);
  const others = (a: number): number[] => values.filter((b) => b !== a);
  const filter = powers(taps).map((row, j) => {
    if (j === points - 1) return row;
    const divisor = others(values[j]).reduce((product, b) => product * (values[j] - b), 1);
    return row.map((value) => value / divisor);
  });
  const input = [...values.map((a) => polynomial(others(a))), polynomial(values)];
  return {
    outputs,
    taps,
    points,
    output: Array.from({ length: outputs }, (_, i) => evaluated.map((row) => row[i])),
    filter,
    input: input.map((row) => Array.from({ length: points }, (_, i) => row[i] ?? 0)),
  };
}

/** Coefficients, the constant first, of the monic polynomial with these roots; rounding residues of zeros are zeros. */
function polynomial(roots: readonly number[]): number[] {
  const product = roots.reduce<number[]>(
    (p, root) => Array.from({ length: p.length + 1 }, (_, i) => (p[i - 1] ?? 0) - root * (p[i] ?? 0)),
    [1],
  );
  return product.map((value) => (Math.abs(value) < 1e-12 ? 0 : value));
}

/** F(2, 3): exact coefficients. */
export const winograd2 = cookToom(2, 3, [0, 1, -1]);

/** F(4, 3) with points whose powers stay near 1, which rounds several times less than 0, 1, -1, 2, -2. */
export const winograd4 = cookToom(4, 3, [0, Math.SQRT1_2, -Math.SQRT1_2, Math.SQRT2, -Math.SQRT2]);

/**
 * How many times larger than in a direct sum the rounding errors of a two-dimensional transform are. Independent
 * roundings at a point are in proportion to the root mean square of its transformed input and filter, which for
 * independent values are the Euclidean norms of the matrix rows; the output transform adds them up as squares. A direct
 * sum of `taps` products has the norm sqrt(taps). Both axes multiply.
 */
export function errorGrowth(t: WinogradTransform): number {
  const square = (row: readonly number[]): number => row.reduce((sum, value) => sum + value * value, 0);
  const rows = t.output.map((row) =>
    row.reduce((sum, value, j) => sum + value * value * square(t.filter[j]) * square(t.input[j]), 0),
  );
  return Math.max(...rows) / t.taps;
}

/** The sum of vectors, each named, times a row of a matrix, as a WGSL expression. */
export function combination(row: readonly number[], names: readonly string[]): string {
  const terms = row.flatMap((value, i) => (Math.fround(value) === 0 ? [] : [term(Math.fround(value), names[i])]));
  return terms.join(' ').replace(/^\+ /, '').replace(/^- /, '-');
}

function term(value: number, name: string): string {
  const sign = value < 0 ? '-' : '+';
  const size = Math.abs(value);
  return size === 1 ? `${sign} ${name}` : `${sign} ${floatLiteral(size)} * ${name}`;
}
