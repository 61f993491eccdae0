/** A picture as planes of one float each, row-major, values in 0..1: red, green, blue. */
export interface Planes {
  readonly width: number;
  readonly height: number;
  readonly planes: readonly Float32Array[];
}

/** Keys' cubic convolution kernel with a = -0.5, on -2..2 (Keys 1981). */
function cubic(x: number): number {
  const t = Math.abs(x);
  if (t < 1) return (1.5 * t - 2.5) * t * t + 1;
  if (t < 2) return ((-0.5 * t + 2.5) * t - 4) * t + 2;
  return 0;
}

interface Taps {
  readonly first: number;
  readonly weights: readonly number[];
}

/** Which source samples make each target sample. A smaller target widens the kernel, so that it averages. */
function cubicTaps(from: number, to: number): Taps[] {
  const scale = from / to;
  const stretch = Math.max(1, scale);
  return Array.from({ length: to }, (_, i) => {
    const centre = (i + 0.5) * scale;
    const first = Math.max(0, Math.round(centre - 2 * stretch));
    const end = Math.min(from, Math.round(centre + 2 * stretch));
    const raw = Array.from({ length: end - first }, (__, k) => cubic((first + k + 0.5 - centre) / stretch));
    const sum = raw.reduce((a, b) => a + b, 0);
    return { first, weights: raw.map((w) => w / sum) };
  });
}

/** Bicubic resampling, rows then columns, clamped to 0..1: what image editors and Pillow do for both directions. */
export function resampleCubic(source: Planes, width: number, height: number): Planes {
  const across = cubicTaps(source.width, width);
  const down = cubicTaps(source.height, height);
  const planes = source.planes.map((plane) => {
    const rows = new Float32Array(width * source.height);
    for (let y = 0; y < source.height; y++) {
      across.forEach(({ first, weights }, x) => {
        let sum = 0;
        weights.forEach((w, k) => (sum += w * plane[y * source.width + first + k]));
        rows[y * width + x] = sum;
      });
    }
    const out = new Float32Array(width * height);
    down.forEach(({ first, weights }, y) => {
      for (let x = 0; x < width; x++) {
        let sum = 0;
        weights.forEach((w, k) => (sum += w * rows[(first + k) * width + x]));
        out[y * width + x] = Math.min(1, Math.max(0, sum));
      }
    });
    return out;
  });
  return { width, height, planes };
}

/** Values rounded to the 256 levels of an 8-bit picture. */
function quantized(picture: Planes): Planes {
  const level = (v: number) => Math.round(Math.min(1, Math.max(0, v)) * 255) / 255;
  return { ...picture, planes: picture.planes.map((plane) => plane.map(level)) };
}

/** Peak signal-to-noise ratio in dB over all planes, rounded to 8 bits, without a border of `border` pixels. */
export function psnr(answer: Planes, truth: Planes, border = 4): number {
  if (answer.width !== truth.width || answer.height !== truth.height) {
    throw new Error(
      `pictures of ${answer.width}x${answer.height} and ${truth.width}x${truth.height} cannot be compared`,
    );
  }
  const { width, height } = truth;
  const [a, b] = [quantized(answer), quantized(truth)];
  let sum = 0;
  let count = 0;
  a.planes.forEach((plane, p) => {
    for (let y = border; y < height - border; y++) {
      for (let x = border; x < width - border; x++) {
        sum += (plane[y * width + x] - b.planes[p][y * width + x]) ** 2;
        count += 1;
      }
    }
  });
  return sum === 0 ? Infinity : -10 * Math.log10(sum / count);
}
