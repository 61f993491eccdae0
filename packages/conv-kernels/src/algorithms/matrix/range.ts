/**
 * How f32 input becomes two f16, and what is done where it does not fit them. `scale` brings the input near the middle
 * of f16's range; the largest magnitude of what a workgroup staged says whether it did. Where not, its part of K is
 * summed again with the right scale. Infinities and NaN are left out of the sum first (`mode` 1), and then added as
 * products with the high halves alone (`mode` 2), so that no infinity meets the zero or the sign of a low half. The high
 * half is rounded in the bits of the f32: compilers take a conversion to f16 and back for no change.
 */
export const splitDeclarations = `
var<workgroup> peak_bits: atomic<u32>;
struct Halves {
  high: vec2u,
  low: vec2u,
}
fn kept(value: vec4f, mode: u32) -> vec4f {
  if (mode == 0u) {
    return value;
  }
  let is_finite = abs(value) <= vec4f(3.4028234663852886e38f);
  return select(vec4f(0.0), value, is_finite == vec4<bool>(mode == 1u));
}
fn halves(value: vec4f, scale: f32, mode: u32) -> Halves {
  let scaled = value * scale;
  if (mode == 2u) {
    return Halves(bitcast<vec2u>(vec4h(scaled)), vec2u());
  }
  let rounded = bitcast<vec4f>((bitcast<vec4u>(scaled) + vec4u(0x1000u)) & vec4u(0xffffe000u));
  return Halves(bitcast<vec2u>(vec4h(rounded)), bitcast<vec2u>(vec4h(scaled - rounded)));
}`;

/** The scale tried first: input whose largest magnitude is between 2^-3 and 4,094 needs no second sum. */
const firstScale = 16;

/**
 * The loop around the sums of a workgroup: at most as many turns as there are reasons for one more. `zero` resets the
 * totals, `sum` adds to them. The bound is a uniform value so that compilers do not write the loop out.
 */
export function rangeLoop(zero: string, sum: string): string {
  return `
var scale = ${firstScale}.0f;
var mode = 0u;
var is_fitted = false;
for (var attempt = 0u; attempt < params.attempts; attempt++) {
if (mode != 2u) {
${zero}
}
let unscale = 1.0f / scale;
var peak = vec4f(0.0);
if (local_index == 0u) {
atomicStore(&peak_bits, 0u);
}
${sum}
let most = max(max(peak.x, peak.y), max(peak.z, peak.w));
atomicMax(&peak_bits, bitcast<u32>(most));
let bits = workgroupUniformLoad(&peak_bits);
if (mode == 2u) {
break;
}
if (mode == 0u && bits >= 0x7f800000u) {
mode = 1u;
continue;
}
let reach = bitcast<f32>(bits) * scale;
if (!is_fitted && bits != 0u && !(reach >= 2.0f && reach <= 65504.0f)) {
is_fitted = true;
scale = bitcast<f32>(u32(min(268 - i32(bits >> 23u), 227)) << 23u);
continue;
}
if (mode == 0u) {
break;
}
mode = 2u;
}`;
}
