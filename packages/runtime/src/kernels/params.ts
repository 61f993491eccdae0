import type { Param } from '@tessera/conv-kernels';

/** Numbers that a kernel takes at dispatch, by their types. */
export const u32 = (name: string, value: number): Param => ({ name, type: 'u32', value });
export const i32 = (name: string, value: number): Param => ({ name, type: 'i32', value });
export const f32 = (name: string, value: number): Param => ({ name, type: 'f32', value });

/** An operand's `<name>_offset`, in elements. */
export const offsetParam = (name: string, { offset }: { readonly offset: number }): Param =>
  u32(`${name}_offset`, offset);
