import type { ActivationFunction } from '../problem.js';

/** A WGSL type that an activation is written for: one value, or four at a time. */
export type ActivationType = 'f32' | 'vec4<f32>';

/**
 * WGSL that declares `fn activate(x: T) -> T`, or the identity where there is no activation. Written so that no finite
 * argument overflows on the way: exp and tanh see clamped arguments.
 *
 * gelu uses the rational erf of Abramowitz and Stegun 7.1.26 (absolute error 1.5e-7).
 */
export function activationCode(activation: ActivationFunction | undefined, type: ActivationType): string {
  const body = activation === undefined ? 'return x;' : activationBody(activation, type);
  return `fn activate(x: ${type}) -> ${type} {\n  ${body}\n}`;
}

/**
 * As `activationCode` for ReLU and for no activation, told apart by `params.rectifies`: a network has kernels with one and the
 * other that differ in nothing else, and drivers take long to compile them.
 */
export function rectifierCode(type: ActivationType): string {
  return `fn activate(x: ${type}) -> ${type} {\n  return select(x, max(x, ${type}(0.0)), params.rectifies != 0u);\n}`;
}

/** A number as a WGSL f32 literal; infinities become the largest finite values. */
export function floatLiteral(value: number): string {
  const limit = 3.4028234663852886e38;
  const text = String(Math.fround(Math.min(Math.max(value, -limit), limit)));
  return /[.e]/.test(text) ? `${text}f` : `${text}.0f`;
}

function activationBody(activation: ActivationFunction, type: ActivationType): string {
  const c = (value: number): string => `${type}(${floatLiteral(value)})`;
  switch (activation.kind) {
    case 'relu':
      return `return max(x, ${c(0)});`;
    case 'clip':
      return `return min(max(x, ${c(activation.min)}), ${c(activation.max)});`;
    case 'leaky-relu':
      return `return select(x * ${c(activation.alpha)}, x, x >= ${c(0)});`;
    case 'sigmoid':
      return `return ${sigmoid('x', c)};`;
    case 'hard-sigmoid':
      return `return clamp(x * ${c(activation.alpha)} + ${c(activation.beta)}, ${c(0)}, ${c(1)});`;
    case 'hard-swish':
      return `return x * clamp(x * ${c(1 / 6)} + ${c(0.5)}, ${c(0)}, ${c(1)});`;
    case 'silu':
      return `return x * ${sigmoid('x', c)};`;
    case 'gelu':
      return geluBody(c);
    case 'gelu-tanh':
      return [
        `let inner = ${c(Math.sqrt(2 / Math.PI))} * x * (${c(1)} + ${c(0.044715)} * x * x);`,
        `return ${c(0.5)} * x * (${c(1)} + ${clampedTanh('inner', c)});`,
      ].join('\n  ');
    case 'tanh':
      return `return ${clampedTanh('x', c)};`;
  }
}

type Constant = (value: number) => string;

/** exp(88) is the last that fits f32; beyond it the quotient is 0 or 1 to f32 anyway. */
function sigmoid(x: string, c: Constant): string {
  return `(${c(1)} / (${c(1)} + exp(-clamp(${x}, ${c(-87)}, ${c(87)}))))`;
}

/** tanh(10) rounds to 1 in f32; drivers that compute tanh from exp overflow near 44. */
function clampedTanh(x: string, c: Constant): string {
  return `tanh(clamp(${x}, ${c(-10)}, ${c(10)}))`;
}

function geluBody(c: Constant): string {
  const coefficients = [1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592];
  const polynomial = coefficients.slice(1).reduce((sum, k) => `(${sum} * t + ${c(k)})`, c(coefficients[0]));
  return [
    `let z = min(abs(x) * ${c(Math.SQRT1_2)}, ${c(9)});`,
    `let t = ${c(1)} / (${c(1)} + ${c(0.3275911)} * z);`,
    `let tail = ${polynomial} * t * exp(-z * z);`,
    `return ${c(0.5)} * x * select(tail, ${c(2)} - tail, x >= ${c(0)});`,
  ].join('\n  ');
}
