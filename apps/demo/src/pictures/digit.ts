/** Side of the pictures that the digits network reads. */
export const digitSize = 8;

/** Widest a digit is drawn, in pixels of `digitSize`: the rest of the row stays empty, as in the data. */
const widest = 6;

/**
 * Ink on a canvas (alpha above 0) as the 8x8 greys of the UCI digits: cut to its bounding box, made as high as the
 * picture, centred, each grey the share of its square that is inked. Undefined where there is no ink.
 */
export function digitFromInk({ width, height, data }: ImageData): Float32Array | undefined {
  const box = inkBox(width, height, data);
  if (!box) return undefined;
  const scale = Math.max(box.height / digitSize, box.width / widest);
  const left = box.left + box.width / 2 - (digitSize * scale) / 2;
  const top = box.top + box.height / 2 - (digitSize * scale) / 2;
  const out = new Float32Array(digitSize * digitSize);
  const samples = 8;
  for (let y = 0; y < digitSize * samples; y++) {
    for (let x = 0; x < digitSize * samples; x++) {
      const px = Math.floor(left + ((x + 0.5) / samples) * scale);
      const py = Math.floor(top + ((y + 0.5) / samples) * scale);
      if (px < 0 || py < 0 || px >= width || py >= height) continue;
      const alpha = data[4 * (py * width + px) + 3] / 255;
      out[Math.floor(y / samples) * digitSize + Math.floor(x / samples)] += alpha / samples ** 2;
    }
  }
  return out;
}

interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

function inkBox(width: number, height: number, data: Uint8ClampedArray): Box | undefined {
  let [left, top, right, bottom] = [width, height, -1, -1];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (data[4 * (y * width + x) + 3] === 0) continue;
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y);
    }
  }
  return right < 0 ? undefined : { left, top, width: right - left + 1, height: bottom - top + 1 };
}
