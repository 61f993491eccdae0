import type { Param } from '@tessera/conv-kernels';
import { u32 } from './params.js';

/** Dimensions visited by one index, outermost first, with each operand's element strides along them. */
export interface Walk {
  readonly sizes: readonly number[];
  readonly strides: Readonly<Record<string, readonly number[]>>;
}

/** Drops dimensions of size 1 and merges neighbours that every operand crosses with one stride. Keeps one dimension at least. */
export function collapseWalk(walk: Walk): Walk {
  const names = Object.keys(walk.strides);
  const sizes: number[] = [];
  const strides: Record<string, number[]> = Object.fromEntries(names.map((name) => [name, []]));
  walk.sizes.forEach((size, axis) => {
    if (size === 1) return;
    const last = sizes.length - 1;
    const merges = last >= 0 && names.every((name) => strides[name][last] === walk.strides[name][axis] * size);
    if (merges) sizes[last] *= size;
    else sizes.push(size);
    for (const name of names) {
      if (merges) strides[name][last] = walk.strides[name][axis];
      else strides[name].push(walk.strides[name][axis]);
    }
  });
  if (sizes.length > 0) return { sizes, strides };
  return { sizes: [1], strides: Object.fromEntries(names.map((name) => [name, [0]])) };
}

export interface WalkCode {
  /** For each operand a function `<operand>_<group>(index: u32) -> u32`, the element offset at that index. */
  readonly declarations: string;
  readonly params: readonly Param[];
}

/**
 * WGSL that turns one index over the walk's dimensions into element offsets, the sizes and strides being params. The
 * text depends on the rank and the names alone. Arithmetic wraps, so that negative strides work.
 */
export function walkCode(group: string, walk: Walk): WalkCode {
  const rank = walk.sizes.length;
  const params: Param[] = [];
  for (let axis = 1; axis < rank; axis++) {
    params.push(u32(`${group}_size${axis}`, walk.sizes[axis]));
  }
  const functions: string[] = [];
  for (const [name, strides] of Object.entries(walk.strides)) {
    strides.forEach((stride, axis) => {
      params.push(u32(`${name}_${group}_stride${axis}`, stride));
    });
    const lines = [`fn ${name}_${group}(index: u32) -> u32 {`, '  var rest = index;', '  var at = 0u;'];
    for (let axis = rank - 1; axis > 0; axis--) {
      lines.push(`  at += (rest % params.${group}_size${axis}) * params.${name}_${group}_stride${axis};`);
      lines.push(`  rest /= params.${group}_size${axis};`);
    }
    lines.push(`  return at + rest * params.${name}_${group}_stride0;`, '}');
    functions.push(lines.join('\n'));
  }
  return { declarations: functions.join('\n'), params };
}
