import { erf } from './activation.js';
import { elementwiseOperator, type ElementwiseDefinition } from './elementwise.js';
import type { Operator } from './types.js';

/** Half to even, as ONNX and WGSL have it. */
export function roundHalfEven(x: number): number {
  const down = Math.floor(x);
  const rest = x - down;
  if (rest !== 0.5) return rest < 0.5 ? down : down + 1;
  return down % 2 === 0 ? down : down + 1;
}

const definitions: readonly ElementwiseDefinition[] = [
  { type: 'Abs', wgsl: 'return abs(a);', host: ([a]) => Math.abs(a) },
  { type: 'Neg', wgsl: 'return -a;', host: ([a]) => -a },
  { type: 'Sign', since: 9, wgsl: 'return R(a > A(0)) - R(a < A(0));', host: ([a]) => Math.sign(a) },
  { type: 'Sqrt', wgsl: 'return sqrt(a);', host: ([a]) => Math.sqrt(a) },
  { type: 'Exp', wgsl: 'return exp(a);', host: ([a]) => Math.exp(a) },
  { type: 'Log', wgsl: 'return log_f32(a);', functions: ['log'], host: ([a]) => Math.log(a) },
  { type: 'Reciprocal', wgsl: 'return 1.0 / a;', host: ([a]) => 1 / a },
  { type: 'Floor', wgsl: 'return floor(a);', host: ([a]) => Math.floor(a) },
  { type: 'Ceil', wgsl: 'return ceil(a);', host: ([a]) => Math.ceil(a) },
  { type: 'Round', since: 11, wgsl: 'return round(a);', host: ([a]) => roundHalfEven(a) },
  { type: 'Erf', since: 9, wgsl: 'return erf_f32(a);', functions: ['erf'], host: ([a]) => erf(a) },
  { type: 'Sin', since: 7, wgsl: 'return sin_quarters(a, 0);', functions: ['sincos'], host: ([a]) => Math.sin(a) },
  { type: 'Cos', since: 7, wgsl: 'return sin_quarters(a, 1);', functions: ['sincos'], host: ([a]) => Math.cos(a) },
  {
    type: 'Tan',
    since: 7,
    wgsl: 'return sin_quarters(a, 0) / sin_quarters(a, 1);',
    functions: ['sincos'],
    host: ([a]) => Math.tan(a),
  },
  { type: 'Asin', since: 7, wgsl: 'return atan2(a, sqrt((1.0 - a) * (1.0 + a)));', host: ([a]) => Math.asin(a) },
  { type: 'Acos', since: 7, wgsl: 'return atan2(sqrt((1.0 - a) * (1.0 + a)), a);', host: ([a]) => Math.acos(a) },
  { type: 'Atan', since: 7, wgsl: 'return atan(a);', host: ([a]) => Math.atan(a) },
  {
    type: 'Sinh',
    since: 9,
    wgsl: `
  let half_exp = exp(abs(a) - 0.6931471806);
  let large = half_exp - 0.25 / half_exp;
  let e = expm1_f32(clamp(a, -1.0, 1.0));
  return select(select(-large, large, a > 0.0), 0.5 * (e + e / (e + 1.0)), abs(a) < 1.0);`,
    functions: ['expm1'],
    host: ([a]) => Math.sinh(a),
  },
  {
    type: 'Cosh',
    since: 9,
    wgsl: `
  let half_exp = exp(abs(a) - 0.6931471806);
  return half_exp + 0.25 / half_exp;`,
    host: ([a]) => Math.cosh(a),
  },
  {
    type: 'Asinh',
    since: 9,
    wgsl: `
  let s = abs(a);
  let near = log1p_f32(s + s * s / (1.0 + sqrt(s * s + 1.0)));
  let value = select(log(s) + 0.6931471806, near, s < 1.0e9);
  return select(-value, value, a > 0.0);`,
    functions: ['log1p'],
    host: ([a]) => Math.asinh(a),
  },
  {
    type: 'Acosh',
    since: 9,
    wgsl: `
  let t = a - 1.0;
  return select(log(a) + 0.6931471806, log1p_f32(t + sqrt(t * (a + 1.0))), a < 1.0e9);`,
    functions: ['log1p'],
    host: ([a]) => Math.acosh(a),
  },
  {
    type: 'Atanh',
    since: 9,
    wgsl: `
  let s = abs(a);
  let value = 0.5 * log1p_f32(2.0 * s / (1.0 - s));
  return select(-value, value, a > 0.0);`,
    functions: ['log1p'],
    host: ([a]) => Math.atanh(a),
  },
  { type: 'Not', wgsl: 'return R(a == A(0));', host: ([a]) => (a === 0 ? 1 : 0) },
  { type: 'BitwiseNot', since: 18, wgsl: 'return ~a;', host: ([a]) => -1 - a },
  {
    type: 'Shrink',
    since: 9,
    params: { bias: 0, lambd: 0.5 },
    wgsl: `
  let value = f32(a);
  let shrunk = select(value - params.bias, value + params.bias, value < 0.0);
  return R(select(0.0, shrunk, value < -params.lambd || value > params.lambd));`,
    host: ([a], { bias, lambd }) => {
      if (a < -lambd) return a + bias;
      return a > lambd ? a - bias : 0;
    },
  },
  {
    type: 'IsNaN',
    since: 9,
    result: 'bool',
    wgsl: 'return R(isnan_f32(a));',
    functions: ['isnan'],
    host: ([a]) => (Number.isNaN(a) ? 1 : 0),
  },
  {
    type: 'IsInf',
    since: 10,
    result: 'bool',
    params: { detect_negative: 1, detect_positive: 1 },
    wgsl: `
  let bits = bitcast<u32>(a);
  let positive = bits == 0x7f800000u && params.detect_positive != 0.0;
  let negative = bits == 0xff800000u && params.detect_negative != 0.0;
  return R(positive || negative);`,
    host: ([a], { detect_negative, detect_positive }) =>
      (a === Infinity && detect_positive !== 0) || (a === -Infinity && detect_negative !== 0) ? 1 : 0,
  },
];

/** Elementwise functions of one input. */
export const unaryOperators: readonly Operator[] = definitions.map((definition) => elementwiseOperator(definition, 1));
