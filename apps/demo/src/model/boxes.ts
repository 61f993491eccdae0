import type { Tensor, Tensors } from '../engine/messages.js';

/** A thing found in a picture: corners relative to its sides, in 0..1. */
export interface Box {
  readonly label: number;
  readonly score: number;
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

const leastScore = 0.5;
const mostOverlap = 0.45;

/**
 * Boxes out of a detector's outputs, by their shapes: a grid [1, 5 + classes, rows, columns] of objectness, box and
 * classes, as FastestDet has it, or scores [1, n, classes] beside corners [1, n, 4], as single-shot detectors have them.
 * Undefined where the outputs look like neither.
 */
export function findBoxes(outputs: Tensors): readonly Box[] | undefined {
  const tensors = Object.values(outputs).filter(({ dataType }) => dataType === 'float32');
  if (tensors.length === 1) {
    const [, channels, rows, columns] = tensors[0].dims;
    const isGrid = tensors[0].dims.length === 4 && channels > 5 && rows === columns && rows < channels;
    return isGrid ? suppressed(gridBoxes(tensors[0])) : undefined;
  }
  const corners = tensors.find(({ dims }) => dims.length === 3 && dims[2] === 4);
  const scores = tensors.find((t) => t !== corners && t.dims.length === 3 && t.dims[1] === corners?.dims[1]);
  return corners && scores && tensors.length === 2 ? suppressed(anchorBoxes(scores, corners)) : undefined;
}

function gridBoxes({ dims, data }: Tensor): Box[] {
  const values = data as Float32Array;
  const [, channels, rows, columns] = dims;
  const cells = rows * columns;
  const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
  const found: Box[] = [];
  for (let cell = 0; cell < cells; cell++) {
    const at = (channel: number) => values[channel * cells + cell];
    let label = 0;
    for (let c = 1; c < channels - 5; c++) if (at(5 + c) > at(5 + label)) label = c;
    const score = at(0) ** 0.6 * at(5 + label) ** 0.4;
    if (!(score >= leastScore)) continue;
    const x = (Math.tanh(at(1)) + (cell % columns)) / columns;
    const y = (Math.tanh(at(2)) + Math.floor(cell / columns)) / rows;
    const [w, h] = [sigmoid(at(3)), sigmoid(at(4))];
    found.push({ label, score, left: x - w / 2, top: y - h / 2, right: x + w / 2, bottom: y + h / 2 });
  }
  return found;
}

/** Class 0 is the background where there are several. */
function anchorBoxes(scores: Tensor, corners: Tensor): Box[] {
  const [, count, classes] = scores.dims;
  const values = scores.data as Float32Array;
  const edges = corners.data as Float32Array;
  const found: Box[] = [];
  for (let i = 0; i < count; i++) {
    for (let label = classes > 1 ? 1 : 0; label < classes; label++) {
      const score = values[i * classes + label];
      if (!(score >= leastScore)) continue;
      const [left, top, right, bottom] = edges.subarray(4 * i, 4 * i + 4);
      found.push({ label, score, left, top, right, bottom });
    }
  }
  return found;
}

/** Non-maximum suppression in each class: the best boxes, without those that overlap a better one by much. */
function suppressed(boxes: readonly Box[]): Box[] {
  const kept: Box[] = [];
  for (const box of [...boxes].sort((a, b) => b.score - a.score)) {
    if (kept.every((other) => other.label !== box.label || overlap(other, box) < mostOverlap)) kept.push(box);
  }
  return kept;
}

/** Intersection over union. */
function overlap(a: Box, b: Box): number {
  const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  if (width <= 0 || height <= 0) return 0;
  const area = ({ left, top, right, bottom }: Box) => (right - left) * (bottom - top);
  return (width * height) / (area(a) + area(b) - width * height);
}
