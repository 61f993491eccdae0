import { suppress, type Detection } from './boxes.js';

/**
 * Faces in UltraFace's outputs, best first: `scores` [1, N, 2] of background and face, `boxes` [1, N, 4] of relative
 * corners (left, top, right, bottom).
 */
export function decodeUltraFace(scores: ArrayLike<number>, boxes: ArrayLike<number>, least: number): Detection[] {
  const found: Detection[] = [];
  for (let i = 0; i * 2 < scores.length; i++) {
    const score = scores[i * 2 + 1];
    if (!(score > least)) continue;
    const [left, top, right, bottom] = [0, 1, 2, 3].map((corner) => boxes[i * 4 + corner]);
    found.push({ label: 0, score, box: { left, top, right, bottom } });
  }
  return suppress(found, 0.3);
}
