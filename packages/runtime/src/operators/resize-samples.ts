import { outside, type AxisSamples } from '../kernels/sample.js';

export type ResizeMode = 'nearest' | 'linear' | 'cubic';

/** How one axis is resized; names and meaning as in ONNX's Resize. */
export interface AxisResize {
  readonly axis: number;
  readonly inSize: number;
  readonly outSize: number;
  readonly scale: number;
  readonly mode: ResizeMode;
  readonly coordinates: string;
  readonly nearestMode: string;
  readonly cubicCoefficient: number;
  readonly excludeOutside: boolean;
  readonly antialias: boolean;
  /** Start and end of the region of interest, for tf_crop_and_resize. */
  readonly roi: readonly [number, number];
}

export const coordinateModes = [
  'half_pixel',
  'half_pixel_symmetric',
  'asymmetric',
  'align_corners',
  'pytorch_half_pixel',
  'tf_half_pixel_for_nn',
  'tf_crop_and_resize',
] as const;

export const nearestModes = ['round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil'] as const;

/** The input coordinate of an output position. */
function coordinate(x: number, { coordinates, scale, inSize, outSize, roi }: AxisResize): number {
  switch (coordinates) {
    case 'asymmetric':
      return x / scale;
    case 'align_corners':
      return outSize === 1 ? 0 : (x * (inSize - 1)) / (outSize - 1);
    case 'pytorch_half_pixel':
      return outSize > 1 ? (x + 0.5) / scale - 0.5 : 0;
    case 'tf_half_pixel_for_nn':
      return (x + 0.5) / scale;
    case 'tf_crop_and_resize': {
      const [start, end] = roi;
      if (outSize === 1) return 0.5 * (start + end) * (inSize - 1);
      return start * (inSize - 1) + (x * (end - start) * (inSize - 1)) / (outSize - 1);
    }
    case 'half_pixel_symmetric': {
      const adjustment = outSize / (scale * inSize);
      return (inSize / 2) * (1 - adjustment) + (x + 0.5) / scale - 0.5;
    }
    default:
      return (x + 0.5) / scale - 0.5;
  }
}

function nearest(x: number, mode: string): number {
  switch (mode) {
    case 'round_prefer_ceil':
      return Math.floor(x + 0.5);
    case 'floor':
      return Math.floor(x);
    case 'ceil':
      return Math.ceil(x);
    default:
      return Math.ceil(x - 0.5);
  }
}

/** Keys, "Cubic convolution interpolation for digital image processing", 1981. */
function cubicKernel(distance: number, a: number): number {
  const d = Math.abs(distance);
  if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
}

/** Taps of one output position: input indices (not clamped) and weights. */
function taps(x: number, resize: AxisResize): { first: number; weights: number[] } {
  const { mode, cubicCoefficient } = resize;
  const shrink = resize.antialias ? Math.min(1, resize.scale) : 1;
  const radius = (mode === 'linear' ? 1 : 2) / shrink;
  const base = Math.floor(x);
  const start = Math.floor(-radius) + 1;
  const count = 2 - 2 * start;
  const kernel = (d: number) => (mode === 'linear' ? Math.max(0, 1 - Math.abs(d)) : cubicKernel(d, cubicCoefficient));
  const weights = Array.from({ length: count }, (_, t) => kernel((start + t - (x - base)) * shrink));
  return { first: base + start, weights };
}

/** The tables of one resized axis. */
export function axisSamples(resize: AxisResize): AxisSamples {
  return resize.mode === 'nearest' ? nearestSamples(resize) : weightedSamples(resize);
}

function isCropped(x: number, { coordinates, inSize }: AxisResize): boolean {
  return coordinates === 'tf_crop_and_resize' && (x < 0 || x > inSize - 1);
}

function nearestSamples(resize: AxisResize): AxisSamples {
  const { axis, inSize, outSize, nearestMode } = resize;
  const indices = Uint32Array.from({ length: outSize }, (_, i) => {
    const x = coordinate(i, resize);
    return isCropped(x, resize) ? outside : Math.min(inSize - 1, Math.max(0, nearest(x, nearestMode)));
  });
  return { axis, taps: 1, indices };
}

function weightedSamples(resize: AxisResize): AxisSamples {
  const { axis, inSize, outSize, excludeOutside } = resize;
  const rows = Array.from({ length: outSize }, (_, i) => {
    const x = coordinate(i, resize);
    const { first, weights } = taps(x, resize);
    const kept = weights.map((w, t) => (excludeOutside && (first + t < 0 || first + t >= inSize) ? 0 : w));
    const total = resize.antialias || excludeOutside ? kept.reduce((sum, w) => sum + w, 0) : 1;
    const clamp = (index: number) => Math.min(inSize - 1, Math.max(0, index));
    const indices = kept.map((_, t) => (isCropped(x, resize) ? outside : clamp(first + t)));
    return { indices, weights: kept.map((w) => w / total) };
  });
  return {
    axis,
    taps: rows[0]?.weights.length ?? 1,
    indices: Uint32Array.from(rows.flatMap((row) => row.indices)),
    weights: Float32Array.from(rows.flatMap((row) => row.weights)),
  };
}
