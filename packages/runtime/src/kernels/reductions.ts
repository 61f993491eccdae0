import { mathFunctions, type MathFunction } from './math.js';
import { literal } from './storage-types.js';

/**
 * What a reduction kernel carries from element to element. `code` declares the type `S` and the functions `identity`,
 * `map` (an element of type `A` and its position), `combine` (associative) and `finish`.
 */
export interface Reduction {
  readonly name: string;
  readonly code: string;
  /** Bytes of one `S` in a storage array. */
  readonly stateBytes: number;
}

export type ReductionName =
  | 'sum'
  | 'mean'
  | 'max'
  | 'min'
  | 'prod'
  | 'l1'
  | 'l2'
  | 'log-sum'
  | 'sum-square'
  | 'log-sum-exp'
  | 'power-sum'
  | 'arg-max'
  | 'arg-min';

/** Expressions over `x` (an element), `a` and `b` (states). */
interface ScalarReduction {
  readonly identity: number;
  readonly map: string;
  readonly combine: string;
  readonly finish: string;
  readonly functions?: readonly MathFunction[];
}

const scalarReductions: Readonly<Record<string, ScalarReduction>> = {
  sum: { identity: 0, map: 'x', combine: 'a + b', finish: 'a' },
  mean: { identity: 0, map: 'x', combine: 'a + b', finish: 'a / A(params.total)' },
  max: { identity: -Infinity, map: 'x', combine: 'max(a, b)', finish: 'a' },
  min: { identity: Infinity, map: 'x', combine: 'min(a, b)', finish: 'a' },
  prod: { identity: 1, map: 'x', combine: 'a * b', finish: 'a' },
  l1: { identity: 0, map: 'abs(x)', combine: 'a + b', finish: 'a' },
  l2: { identity: 0, map: 'x * x', combine: 'a + b', finish: 'A(sqrt(f32(a)))' },
  'log-sum': { identity: 0, map: 'x', combine: 'a + b', finish: 'A(log_f32(f32(a)))', functions: ['log'] },
  'sum-square': { identity: 0, map: 'x * x', combine: 'a + b', finish: 'a' },
};

/** A constant expression of WGSL may not be infinite, but a variable's bits may. */
function identityCode(identity: number, type: 'f32' | 'i32' | 'u32'): string {
  if (type !== 'f32' || Number.isFinite(identity)) return `return ${literal(identity, type)};`;
  return `var bits = ${identity < 0 ? '0xff800000u' : '0x7f800000u'}; return bitcast<f32>(bits);`;
}

function scalarCode(reduction: ScalarReduction, type: 'f32' | 'i32' | 'u32'): string {
  return `
${mathFunctions(reduction.functions ?? [])}
alias S = A;
fn identity() -> S { ${identityCode(reduction.identity, type)} }
fn map(x: A, position: u32) -> S { return ${reduction.map}; }
fn combine(a: S, b: S) -> S { return ${reduction.combine}; }
fn finish(a: S) -> A { return ${reduction.finish}; }`;
}

/** (sum |x|^p)^(1/p), with the sums of |x|^p carried. */
export function powerSum(p: number): Reduction {
  const code = `
alias S = f32;
const P = ${literal(p, 'f32')};
fn identity() -> S { return 0.0; }
fn map(x: A, position: u32) -> S { return pow(abs(f32(x)), P); }
fn combine(a: S, b: S) -> S { return a + b; }
fn finish(a: S) -> A { return A(pow(a, 1.0 / P)); }`;
  return { name: 'power-sum', code, stateBytes: 4 };
}

/** The state is (m, s) with the sum of exponentials so far equal to s * exp(m): no overflow, one pass. */
const logSumExp = `
${mathFunctions(['log'])}
alias S = vec2f;
fn identity() -> S { return vec2f(${literal(-Infinity, 'f32')}, 0.0); }
fn map(x: A, position: u32) -> S { return vec2f(f32(x), 1.0); }
fn combine(a: S, b: S) -> S {
  let m = max(a.x, b.x);
  return vec2f(m, a.y * exp(a.x - m) + b.y * exp(b.x - m));
}
fn finish(a: S) -> A { return A(a.x + log_f32(a.y)); }`;

/** Position of the extreme element; of equal ones the first, or the last. */
function argCode(type: 'f32' | 'i32' | 'u32', isMax: boolean, selectLast: boolean): string {
  const none = literal(isMax ? -Infinity : Infinity, type);
  const better = isMax ? 'b.value > a.value' : 'b.value < a.value';
  const tie = selectLast ? 'b.position > a.position' : 'b.position < a.position';
  return `
struct S { value: A, position: i32 }
fn identity() -> S { return S(${none}, -1); }
fn map(x: A, position: u32) -> S { return S(x, i32(position)); }
fn combine(a: S, b: S) -> S {
  if (b.position < 0) { return a; }
  if (a.position < 0 || ${better}) { return b; }
  if (b.value == a.value && ${tie}) { return b; }
  return a;
}
fn finish(a: S) -> i32 { return a.position; }`;
}

export function reductionOf(
  name: Exclude<ReductionName, 'power-sum'>,
  type: 'f32' | 'i32' | 'u32',
  selectLast = false,
): Reduction {
  if (name === 'log-sum-exp') return { name, code: logSumExp, stateBytes: 8 };
  if (name === 'arg-max' || name === 'arg-min') {
    return {
      name: `${name}${selectLast ? '-last' : ''}`,
      code: argCode(type, name === 'arg-max', selectLast),
      stateBytes: 8,
    };
  }
  return { name, code: scalarCode(scalarReductions[name], type), stateBytes: 4 };
}
