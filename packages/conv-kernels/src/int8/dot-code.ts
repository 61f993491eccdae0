import type { DeviceProfile } from '../problem.js';

/** `dot4(a, b)`: the sum of four products of signed bytes; the language's own where the device has it. */
export function dotCode(device: DeviceProfile): string {
  if (device.hasPackedDot) return 'fn dot4(a: u32, b: u32) -> i32 {\n  return dot4I8Packed(a, b);\n}';
  return `fn bytes(word: u32) -> vec4i {
  let w = bitcast<i32>(word);
  return vec4i(w << 24u, w << 16u, w << 8u, w) >> vec4u(24u);
}
fn dot4(a: u32, b: u32) -> i32 {
  return dot(bytes(a), bytes(b));
}`;
}
