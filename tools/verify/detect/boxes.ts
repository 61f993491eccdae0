/** A rectangle relative to the picture: 0 is its left or top edge, 1 its right or bottom one. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export interface Detection {
  readonly label: number;
  readonly score: number;
  readonly box: Box;
}

/** Area of the intersection over that of the union, 0 to 1. */
export function overlap(a: Box, b: Box): number {
  const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  if (width <= 0 || height <= 0) return 0;
  const area = (box: Box) => (box.right - box.left) * (box.bottom - box.top);
  const shared = width * height;
  return shared / (area(a) + area(b) - shared);
}

/**
 * Non-maximum suppression: the best detections first, without those that overlap a better one of their label by more
 * than `most`.
 */
export function suppress(detections: readonly Detection[], most: number): Detection[] {
  const kept: Detection[] = [];
  for (const candidate of [...detections].sort((a, b) => b.score - a.score)) {
    const covered = kept.some(({ label, box }) => label === candidate.label && overlap(box, candidate.box) > most);
    if (!covered) kept.push(candidate);
  }
  return kept;
}
