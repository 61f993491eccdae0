import type { Tensor } from '@tessera/runtime';
import { numericValues } from '../inputs/values.js';

/** How two tensors of one shape differ, ours against the reference; elements are counted row-major. */
export interface Difference {
  /** Of |ours - reference| over the elements where both are finite. */
  readonly maxAbsolute: number;
  /** `maxAbsolute` over the largest |reference|; Infinity where that is 0 and there is a difference. */
  readonly relative: number;
  /** Largest |reference| of the finite elements. */
  readonly maxReference: number;
  /** Elements beyond the tolerance: |ours - reference| > atol + rtol * |reference|, or not finite on one side alone. */
  readonly wrong: number;
  readonly elements: number;
  /** Of ours that are not finite where the reference's are. */
  readonly notFinite: number;
  /**
   * The element furthest beyond its tolerance, or nearest to it; one that is not finite on one side comes first. Absent
   * where all are equal.
   */
  readonly worst?: { readonly index: readonly number[]; readonly ours: number; readonly reference: number };
}

export interface Tolerances {
  readonly rtol: number;
  /** Without it `rtol` times the largest finite |reference|, so that what cancels is measured by what it came from. */
  readonly atol?: number;
}

/** The index in each dimension of element `at` of a row-major tensor. */
export function unflatten(at: number, dims: readonly number[]): number[] {
  const index = dims.map(() => 0);
  let rest = at;
  for (let axis = dims.length - 1; axis >= 0; axis--) {
    index[axis] = rest % dims[axis];
    rest = Math.floor(rest / dims[axis]);
  }
  return index;
}

/** Undefined for types without plain numbers, and where the shapes differ. */
export function differenceOf(ours: Tensor, reference: Tensor, { rtol, atol }: Tolerances): Difference | undefined {
  const found = numericValues(ours);
  const wanted = numericValues(reference);
  if (!found || !wanted || ours.dims.join() !== reference.dims.join()) return undefined;
  let [maxAbsolute, maxReference, wrong, notFinite] = [0, 0, 0, 0];
  for (let i = 0; i < wanted.length; i++) {
    const magnitude = Math.abs(Number(wanted[i]));
    if (magnitude > maxReference && magnitude !== Infinity) maxReference = magnitude;
  }
  const slack = atol ?? rtol * maxReference;
  let [worst, worstExcess] = [-1, -Infinity];
  for (let i = 0; i < wanted.length; i++) {
    const a = Number(found[i]);
    const b = Number(wanted[i]);
    if (Object.is(a, b) || a === b) continue;
    const distance = Math.abs(a - b);
    const isFinite = Number.isFinite(distance);
    if (isFinite) maxAbsolute = Math.max(maxAbsolute, distance);
    else if (Number.isFinite(b)) notFinite++;
    const excess = isFinite ? distance - (slack + rtol * Math.abs(b)) : Infinity;
    if (!isFinite || excess > 0) wrong++;
    if (excess > worstExcess) [worst, worstExcess] = [i, excess];
  }
  return {
    maxAbsolute,
    relative: maxAbsolute === 0 ? 0 : maxAbsolute / maxReference,
    maxReference,
    wrong,
    elements: wanted.length,
    notFinite,
    ...(worst >= 0 && {
      worst: { index: unflatten(worst, ours.dims), ours: Number(found[worst]), reference: Number(wanted[worst]) },
    }),
  };
}

/** The largest relative difference over the outputs of one name; Infinity where shapes or finiteness differ, null without numbers. */
export function outputDifference(
  ours: Readonly<Record<string, Tensor>>,
  reference: Readonly<Record<string, Tensor>>,
): number | null {
  const differences = Object.entries(reference).flatMap(([name, wanted]) => {
    const found = ours[name];
    if (!found || !numericValues(found) || !numericValues(wanted)) return [];
    const difference = differenceOf(found, wanted, { rtol: 0, atol: 0 });
    return [!difference || difference.notFinite > 0 ? Infinity : difference.relative];
  });
  return differences.length > 0 ? Math.max(...differences) : null;
}
