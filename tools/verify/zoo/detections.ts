import type { Values } from './compare.js';
import type { Verdict } from './criteria.js';

export interface OutputPair {
  readonly name: string;
  readonly found: Values;
  readonly wanted: Values;
}

/** Corners of boxes may lie this share of the largest coordinate apart, and scores this far. */
const tolerance = 1e-3;

/** Where scores are as good as equal the order of suppression is not determined; this share of the boxes may lack a partner. */
export const mayDiffer = 0.02;

/**
 * Compares the outputs of a detector as sets: a row of each output belongs to one detection (its box, score, label, mask), and each
 * detection of the one side must have one of the other with all rows alike. Rows are those of dimension 0, which all outputs share.
 */
export function sameDetections(pairs: readonly OutputPair[]): Verdict {
  const [ours, theirs] = (['found', 'wanted'] as const).map((side) => {
    const counts = new Set(pairs.map((pair) => pair[side].dims[0]));
    if (counts.size !== 1)
      throw new Error(`the outputs hold ${[...counts].join(', ')} detections; one number is right`);
    return [...counts][0];
  });
  const scales = pairs.map(({ wanted }) => largest(wanted));
  const free = new Set(Array.from({ length: theirs }, (_, row) => row));
  let alone = 0;
  for (let row = 0; row < ours; row++) {
    const partner = [...free].find((other) => pairs.every((pair, i) => rowsAgree(pair, row, other, scales[i])));
    if (partner === undefined) alone++;
    else free.delete(partner);
  }
  const difference = (alone + free.size) / Math.max(1, ours + theirs);
  if (difference <= mayDiffer) return { passed: true, difference };
  const reason = `${alone} of our ${ours} detections and ${free.size} of the reference's ${theirs} have no partner`;
  return { passed: false, difference, reason };
}

function largest({ data }: Values): number {
  let magnitude = 0;
  for (let i = 0; i < data.length; i++) magnitude = Math.max(magnitude, Math.abs(Number(data[i])));
  return magnitude;
}

function rowsAgree({ found, wanted }: OutputPair, row: number, other: number, scale: number): boolean {
  const size = wanted.dims.slice(1).reduce((product, each) => product * each, 1);
  for (let i = 0; i < size; i++) {
    const distance = Number(found.data[row * size + i]) - Number(wanted.data[other * size + i]);
    if (!(Math.abs(distance) <= tolerance * scale)) return false;
  }
  return true;
}
