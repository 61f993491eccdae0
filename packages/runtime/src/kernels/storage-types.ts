import type { ElementType } from '@tessera/conv-kernels';

/** The features a shader must enable to hold these element types. */
export function storageEnables(...types: readonly ElementType[]): readonly 'f16'[] {
  return types.includes('f16') ? ['f16'] : [];
}

/** The type sums are formed in: f32 for floating-point storage, else the integer type itself. */
export function accumulatorType(type: ElementType): 'f32' | 'i32' | 'u32' {
  return type === 'f16' ? 'f32' : type;
}

/** The WGSL literal of a number as an accumulator of this type; not finite numbers become the largest finite ones. */
export function literal(value: number, type: 'f32' | 'i32' | 'u32'): string {
  if (type === 'f32') {
    const largest = 3.4028234663852886e38;
    const finite = Math.fround(Math.min(largest, Math.max(-largest, value)));
    const text = String(finite);
    return /[.e]/.test(text) ? `${text}f` : `${text}.0f`;
  }
  const [min, max] = type === 'i32' ? [-2147483648, 2147483647] : [0, 4294967295];
  const bounded = Math.min(max, Math.max(min, Math.trunc(value)));
  if (type === 'u32') return `${bounded}u`;
  return bounded === min ? 'i32(-2147483647 - 1)' : `${bounded}i`;
}
