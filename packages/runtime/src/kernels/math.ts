/**
 * WGSL functions of one f32 that keep fp32 accuracy where the built-in ones may not, or may overflow into NaN on the
 * way to a finite result. Polynomials are Chebyshev fits made for this file; Horner's scheme throughout.
 */
const sources = {
  tanh: {
    needs: [],
    code: `
fn tanh_f32(x: f32) -> f32 {
  let z = x * x;
  let small = x + x * z * (((((-0.005923726206 * z) + 0.02087346058) * z - 0.05382375887) * z + 0.1333258371) * z - 0.3333332702);
  let large = 1.0 - 2.0 / (exp(2.0 * min(abs(x), 10.0)) + 1.0);
  return select(select(-large, large, x > 0.0), small, !(abs(x) >= 0.65));
}`,
  },
  erf: {
    needs: [],
    code: `
fn erf_f32(x: f32) -> f32 {
  let z = x * x;
  let small = x * ((((((7.875875063e-5 * z - 0.0008016864287) * z + 0.005189087423) * z - 0.02685421201) * z
    + 0.1128359472) * z - 0.3761262667) * z + 1.128379166);
  let a = clamp(abs(x), 1.0, 4.0);
  let exponent = (((((((1.637151415e-6 * a - 4.605804269e-5) * a + 0.0005968056257) * a - 0.004759596293) * a
    + 0.02642113601) * a - 0.1100800829) * a - 0.6318260516) * a - 1.130233435) * a + 0.0003201380497;
  let large = 1.0 - exp(exponent);
  return select(select(-large, large, x > 0.0), small, !(abs(x) >= 1.0));
}`,
  },
  sigmoid: {
    needs: [],
    code: `
fn sigmoid_f32(x: f32) -> f32 {
  let e = exp(-abs(x));
  return select(1.0, e, x < 0.0) / (1.0 + e);
}`,
  },
  expm1: {
    needs: ['tanh'],
    code: `
fn expm1_f32(x: f32) -> f32 {
  let t = tanh_f32(0.5 * x);
  return select(exp(x) - 1.0, 2.0 * t / (1.0 - t), abs(x) < 1.0);
}`,
  },
  log1p: {
    needs: [],
    code: `
fn log1p_f32(x: f32) -> f32 {
  let small = x * (1.0 - x * (0.5 - x * (0.33333333 - x * (0.25 - x * 0.2))));
  return select(log(1.0 + x), small, abs(x) < 0.03);
}`,
  },
  softplus: {
    needs: ['log1p'],
    code: `
fn softplus_f32(x: f32) -> f32 {
  return select(x, 0.0, x < 0.0) + log1p_f32(exp(-abs(x)));
}`,
  },
  sincos: {
    needs: [],
    code: `
fn sin_quarters(x: f32, quarters: i32) -> f32 {
  let k = round(x * 0.636619772);
  let r = fma(-k, 7.549789949e-8, fma(-k, 4.837512970e-4, fma(-k, 1.5703125, x)));
  let z = r * r;
  let sine = r + r * z * ((-0.0001958789088 * z + 0.008332748271) * z - 0.1666666466);
  let cosine = 1.0 - 0.5 * z + z * z * ((2.454794209e-5 * z - 0.001388830304) * z + 0.04166666466);
  let turn = (i32(k) + quarters) & 3;
  let value = select(sine, cosine, (turn & 1) == 1);
  return select(value, -value, turn >= 2);
}`,
  },
  /** Built-in logarithms of 0 may be those of the smallest normal number. */
  log: {
    needs: [],
    code: `
fn log_f32(x: f32) -> f32 {
  var negative_infinity = 0xff800000u;
  return select(log(x), bitcast<f32>(negative_infinity), x == 0.0);
}`,
  },
  nan: {
    needs: [],
    code: `
fn nan_f32() -> f32 {
  var bits = 0x7fc00000u;
  return bitcast<f32>(bits);
}`,
  },
  isnan: {
    needs: [],
    code: `
fn isnan_f32(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
}`,
  },
  /**
   * The quotient to within half a unit in the last place (built-in division may be 2.5 off), by one step with the exact
   * remainder. It is formed of 12-bit halves, whose products are exact with and without fused multiply-adds. Where one
   * of the numbers is so small or large that parts would leave the normal range, the built-in quotient stands.
   */
  divide: {
    needs: [],
    code: `
fn upper_half(x: f32) -> f32 {
  return bitcast<f32>(bitcast<u32>(x) & 0xfffff000u);
}
fn divide_f32(a: f32, b: f32) -> f32 {
  let quotient = a / b;
  let smallest = min(min(abs(a), abs(b)), abs(quotient));
  let largest = max(max(abs(a), abs(b)), abs(quotient));
  if (!(smallest >= 2.6469780e-23 && largest <= 8.5070592e37)) { return quotient; }
  let quotient_high = upper_half(quotient);
  let quotient_low = quotient - quotient_high;
  let b_high = upper_half(b);
  let b_low = b - b_high;
  let crossed = (a - quotient_high * b_high) - quotient_high * b_low;
  let remainder = (crossed - quotient_low * b_high) - quotient_low * b_low;
  return fma(remainder, 1.0 / b, quotient);
}`,
  },
  power: {
    needs: ['nan'],
    code: `
fn power_f32(x: f32, y: f32) -> f32 {
  if (y == 0.0 || x == 1.0) { return 1.0; }
  if (y == 0.5 && x >= 0.0) { return sqrt(x); }
  let is_whole = y == floor(y);
  if (is_whole && abs(y) <= 16.0) {
    var product = 1.0;
    var factor = x;
    for (var n = u32(abs(y)); n > 0u; n >>= 1u) {
      if ((n & 1u) == 1u) { product *= factor; }
      factor *= factor;
    }
    return select(product, 1.0 / product, y < 0.0);
  }
  let size = pow(abs(x), y);
  if (x >= 0.0) { return size; }
  if (!is_whole) { return nan_f32(); }
  let halved = 0.5 * y;
  return select(size, -size, halved != floor(halved));
}`,
  },
} as const satisfies Record<string, { readonly needs: readonly string[]; readonly code: string }>;

export type MathFunction = keyof typeof sources;

/** The declarations of these functions (`<name>_f32`, and `sin_quarters`) and of those they call, each once. */
export function mathFunctions(names: readonly MathFunction[]): string {
  const ordered = new Set<MathFunction>();
  const add = (name: MathFunction): void => {
    sources[name].needs.forEach(add);
    ordered.add(name);
  };
  names.forEach(add);
  return [...ordered].map((name) => sources[name].code.trim()).join('\n');
}
