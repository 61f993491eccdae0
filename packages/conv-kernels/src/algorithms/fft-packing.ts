import type { ImplicitGemm } from '../implicit.js';
import type { WeightPacking } from '../plan.js';
import { fftRadices, type FftShape, type FftSize } from './fft-shape.js';

/** Complex numbers: the factors of the transform, then [group][output channel][channel][frequency]. */
export function fftWeightCount(p: ImplicitGemm, { size }: Pick<FftShape, 'size'>): number {
  return size + p.groups * p.columns * p.channels * size * size;
}

/**
 * Filters transformed in fp64 and rounded once, conjugated (a convolution of networks is a correlation) and divided by
 * size^2, in the order in which the kernels leave frequencies.
 */
export function fftPacking(p: ImplicitGemm, { size }: Pick<FftShape, 'size'>): WeightPacking {
  const filters = p.groups * p.columns * p.channels;
  const { kernelHeight: height, kernelWidth: width, dilationHeight: dy, dilationWidth: dx } = p;
  return {
    key: `fft-${size}-${filters}x${height}x${width}-${dy}x${dx}`,
    byteLength: fftWeightCount(p, { size }) * 8,
    pack(values) {
      const out = new Float32Array(fftWeightCount(p, { size }) * 2);
      for (let j = 0; j < size; j++) {
        out[2 * j] = Math.cos((2 * Math.PI * j) / size);
        out[2 * j + 1] = -Math.sin((2 * Math.PI * j) / size);
      }
      const order = frequencyOrder(size);
      const [re, im] = [new Float64Array(size * size), new Float64Array(size * size)];
      const line = lineTransform(size);
      const half = size / 2;
      const scale = 1 / size ** 2;
      for (let filter = 0; filter < filters; filter++) {
        re.fill(0);
        im.fill(0);
        for (let y = 0; y < height; y++) {
          for (let x = 0; x < width; x++) re[y * dy * size + x * dx] = values[(filter * height + y) * width + x];
          line(re, im, y * dy * size, 1);
        }
        // Filters are real: the other half of the frequencies are the conjugates of these.
        for (let x = 0; x <= half; x++) line(re, im, x, size);
        let to = 2 * (size + filter * size * size);
        for (const y of order) {
          for (const x of order) {
            const isKnown = x <= half;
            const at = isKnown ? y * size + x : ((size - y) % size) * size + size - x;
            out[to++] = re[at] * scale;
            out[to++] = isKnown ? -im[at] * scale : im[at] * scale;
          }
        }
      }
      return out;
    },
  };
}

/** The frequency at each position of a transformed line. */
export function frequencyOrder(size: FftSize): readonly number[] {
  const [r1, r2] = fftRadices[size];
  return Array.from({ length: size }, (_, at) => Math.floor(at / r2) + r1 * (at % r2));
}

/** A function that transforms `size` numbers in place, from `first` on, `step` apart (radix 2, bits reversed first). */
function lineTransform(size: number): (re: Float64Array, im: Float64Array, first: number, step: number) => void {
  const bits = Math.log2(size);
  const reversed = Array.from({ length: size }, (_, i) => {
    let result = 0;
    for (let b = 0; b < bits; b++) result |= ((i >> b) & 1) << (bits - 1 - b);
    return result;
  });
  const angle = (-2 * Math.PI) / size;
  const cos = Float64Array.from({ length: size }, (_, i) => Math.cos(angle * i));
  const sin = Float64Array.from({ length: size }, (_, i) => Math.sin(angle * i));
  const lineRe = new Float64Array(size);
  const lineIm = new Float64Array(size);
  return (re, im, first, step) => {
    for (let i = 0; i < size; i++) {
      lineRe[i] = re[first + reversed[i] * step];
      lineIm[i] = im[first + reversed[i] * step];
    }
    for (let half = 1; half < size; half *= 2) {
      for (let start = 0; start < size; start += 2 * half) {
        for (let a = start, at = 0; a < start + half; a++, at += size / (2 * half)) {
          const b = a + half;
          const c = cos[at];
          const s = sin[at];
          const x = lineRe[b] * c - lineIm[b] * s;
          const y = lineRe[b] * s + lineIm[b] * c;
          lineRe[b] = lineRe[a] - x;
          lineIm[b] = lineIm[a] - y;
          lineRe[a] += x;
          lineIm[a] += y;
        }
      }
    }
    for (let i = 0; i < size; i++) {
      re[first + i * step] = lineRe[i];
      im[first + i * step] = lineIm[i];
    }
  };
}
