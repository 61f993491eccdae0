import { suppress, type Detection } from './boxes.js';

/** FastestDet's output: objectness, four numbers of the box, then the classes, for each cell of a grid. */
const BOX_CHANNEL = 1;
const CLASS_CHANNEL = 5;

const sigmoid = (value: number) => 1 / (1 + Math.exp(-value));

/**
 * Detections in an output [1, 5 + classes, rows, columns] of FastestDet, best first. A cell's score is
 * objectness^0.6 * class^0.4; its box has its centre at (tanh + column, tanh + row), in cells, and its size by sigmoids,
 * relative to the picture.
 */
export function decodeFastestDet(data: ArrayLike<number>, dims: readonly number[], least: number): Detection[] {
  const [, channels, rows, columns] = dims;
  const found: Detection[] = [];
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const at = (channel: number) => data[(channel * rows + row) * columns + column];
      let label = 0;
      for (let i = 1; i < channels - CLASS_CHANNEL; i++) {
        if (at(CLASS_CHANNEL + i) > at(CLASS_CHANNEL + label)) label = i;
      }
      const score = at(0) ** 0.6 * at(CLASS_CHANNEL + label) ** 0.4;
      if (!(score > least)) continue;
      const x = (Math.tanh(at(BOX_CHANNEL)) + column) / columns;
      const y = (Math.tanh(at(BOX_CHANNEL + 1)) + row) / rows;
      const halfWidth = sigmoid(at(BOX_CHANNEL + 2)) / 2;
      const halfHeight = sigmoid(at(BOX_CHANNEL + 3)) / 2;
      const box = { left: x - halfWidth, top: y - halfHeight, right: x + halfWidth, bottom: y + halfHeight };
      found.push({ label, score, box });
    }
  }
  return suppress(found, 0.45);
}
