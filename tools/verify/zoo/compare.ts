/** What both runtimes give: enough of a tensor to compare it. */
export interface Values {
  readonly dims: readonly number[];
  readonly data: ArrayLike<number | bigint>;
}

/**
 * max|ours - reference| / max|reference| over one output; Infinity where either is not finite at a place where the other
 * is, or where the reference is zero throughout and ours is not.
 * @throws Error where the shapes differ.
 */
export function relativeDifference(name: string, ours: Values, reference: Values): number {
  if (ours.dims.join() !== reference.dims.join()) {
    throw new Error(`output "${name}" has the shape [${ours.dims}], and [${reference.dims}] is right`);
  }
  let difference = 0;
  let largest = 0;
  for (let i = 0; i < reference.data.length; i++) {
    const wanted = Number(reference.data[i]);
    const found = Number(ours.data[i]);
    if (Object.is(wanted, found)) continue;
    const distance = Math.abs(found - wanted);
    if (!Number.isFinite(distance)) return Infinity;
    difference = Math.max(difference, distance);
  }
  for (let i = 0; i < reference.data.length; i++) {
    const magnitude = Math.abs(Number(reference.data[i]));
    if (Number.isFinite(magnitude)) largest = Math.max(largest, magnitude);
  }
  return difference === 0 ? 0 : difference / largest;
}
