import { floatLiteral } from '../wgsl/activation.js';

/** -1: the transform; +1: its inverse, without the factor 1/n. */
export type Direction = -1 | 1;

/** WGSL statements of a discrete Fourier transform of n = 2, 4 or 8 complex numbers (vec2f), and the names of its results. */
export interface Butterfly {
  readonly statements: readonly string[];
  readonly results: readonly string[];
}

/** Transforms the named values, in order, by halving (Cooley and Tukey, 1965). Names made begin with `prefix`. */
export function butterfly(values: readonly string[], direction: Direction, prefix: string): Butterfly {
  const n = values.length;
  if (n === 1) return { statements: [], results: values };
  const even = butterfly(
    values.filter((_, i) => i % 2 === 0),
    direction,
    `${prefix}e`,
  );
  const odd = butterfly(
    values.filter((_, i) => i % 2 === 1),
    direction,
    `${prefix}o`,
  );
  const half = n / 2;
  const statements = [...even.statements, ...odd.statements];
  for (let k = 0; k < half; k++) {
    statements.push(`let ${prefix}t${k} = ${rotated(odd.results[k], k / n, direction)};`);
    statements.push(`let ${prefix}s${k} = ${even.results[k]} + ${prefix}t${k};`);
    statements.push(`let ${prefix}s${k + half} = ${even.results[k]} - ${prefix}t${k};`);
  }
  return { statements, results: Array.from({ length: n }, (_, k) => `${prefix}s${k}`) };
}

/** A complex number times exp(direction * 2 pi i * turns), for turns below 1/2 in eighths. */
function rotated(v: string, turns: number, direction: Direction): string {
  const up = direction === 1;
  if (turns === 0) return v;
  if (turns === 0.25) return up ? `vec2f(-${v}.y, ${v}.x)` : `vec2f(${v}.y, -${v}.x)`;
  const root = floatLiteral(Math.SQRT1_2);
  const [first, second] = [`${v}.x - ${v}.y`, `${v}.x + ${v}.y`];
  if (turns === 0.125) {
    return up ? `vec2f(${first}, ${second}) * ${root}` : `vec2f(${second}, ${v}.y - ${v}.x) * ${root}`;
  }
  return up ? `vec2f(-(${second}), ${first}) * ${root}` : `vec2f(${v}.y - ${v}.x, -(${second})) * ${root}`;
}
