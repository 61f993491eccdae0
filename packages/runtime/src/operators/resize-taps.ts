import type { NodeContext } from './types.js';

/** How a Resize node samples, whatever its version. */
export interface ResizeSettings {
  readonly mode: 'nearest' | 'linear' | 'cubic';
  readonly coordinates: string;
  /** 'simple' is what Upsample and Resize 10 do: down when enlarging, up when reducing. */
  readonly nearestMode: string;
  readonly cubicCoefficient: number;
  readonly excludeOutside: boolean;
  readonly extrapolation: number;
  readonly antialias: boolean;
}

/** One axis to be resized: sizes, the scale as the model states it, and the region of tf_crop_and_resize. */
export interface AxisScale {
  readonly axis: number;
  readonly input: number;
  readonly output: number;
  readonly scale: number;
  readonly region: readonly [number, number];
}

/** For each output coordinate `count` pairs of an input index and a weight; index -1 is outside. */
export interface Taps {
  readonly count: number;
  readonly indices: Int32Array;
  readonly weights: Float32Array;
}

const f32 = Math.fround;

/** The input coordinate of an output coordinate. In float32, as reference implementations compute: ties must fall alike. */
function originalCoordinate(context: NodeContext, settings: ResizeSettings, scale: AxisScale, i: number): number {
  const { input, output, region } = scale;
  const s = f32(scale.scale);
  switch (settings.coordinates) {
    case 'half_pixel':
      return f32(f32((i + 0.5) / s) - 0.5);
    case 'pytorch_half_pixel':
      return output > 1 ? f32(f32((i + 0.5) / s) - 0.5) : 0;
    case 'half_pixel_symmetric': {
      const adjustment = f32(output / f32(s * input));
      const offset = f32(f32(input / 2) * f32(1 - adjustment));
      return f32(f32(offset + f32((i + 0.5) / s)) - 0.5);
    }
    case 'align_corners':
      return output === 1 ? 0 : f32(f32(i * (input - 1)) / (stretchedSize(scale) - 1));
    case 'asymmetric':
      return f32(i / s);
    case 'tf_half_pixel_for_nn':
      return f32((i + 0.5) / s);
    case 'tf_crop_and_resize': {
      const [start, end] = region;
      if (output === 1) return f32(0.5 * (start + end) * (input - 1));
      return f32(start * (input - 1) + (i * (end - start) * (input - 1)) / (output - 1));
    }
    default:
      return context.fail(`coordinate_transformation_mode "${settings.coordinates}" is not known`);
  }
}

/** The output's size before it is rounded down to a whole number. */
function stretchedSize({ input, output, scale }: AxisScale): number {
  const size = input * f32(scale);
  return Math.abs(size - output) < 1e-4 * output ? output : size;
}

function nearestIndex(context: NodeContext, mode: string, x: number, scale: number): number {
  switch (mode) {
    case 'round_prefer_floor':
      return x === Math.floor(x) + 0.5 ? Math.floor(x) : Math.round(x);
    case 'round_prefer_ceil':
      return Math.round(x);
    case 'floor':
      return Math.floor(x);
    case 'ceil':
      return Math.ceil(x);
    case 'simple':
      return scale < 1 ? Math.ceil(x) : Math.floor(x);
    default:
      return context.fail(`nearest_mode "${mode}" is not known`);
  }
}

/** Keys' cubic convolution kernel at a distance. */
function cubicWeight(a: number, distance: number): number {
  const d = Math.abs(distance);
  if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
}

/** Offsets from floor(x) that count, and the filter's width in input elements. */
function support(
  settings: ResizeSettings,
  scale: number,
): { readonly first: number; readonly count: number; readonly stretch: number } {
  const reach = settings.mode === 'cubic' ? 2 : 1;
  const stretch = settings.antialias ? Math.min(1, scale) : 1;
  const first = Math.floor(-reach / stretch) + 1;
  return { first, count: 2 * reach === 2 && stretch === 1 ? 2 : 2 * (1 - first), stretch };
}

/** The taps of every output coordinate along one axis. */
export function resizeTaps(context: NodeContext, settings: ResizeSettings, scale: AxisScale): Taps {
  const { input, output } = scale;
  const { first, count, stretch } =
    settings.mode === 'nearest' ? { first: 0, count: 1, stretch: 1 } : support(settings, scale.scale);
  const indices = new Int32Array(output * count);
  const weights = new Float32Array(output * count);
  for (let i = 0; i < output; i++) {
    const x = originalCoordinate(context, settings, scale, i);
    const isOutside = settings.coordinates === 'tf_crop_and_resize' && (x < 0 || x > input - 1);
    const low =
      settings.mode === 'nearest' ? nearestIndex(context, settings.nearestMode, x, scale.scale) : Math.floor(x) + first;
    const raw = Array.from({ length: count }, (_, t) => filterWeight(settings, (low + t - x) * stretch));
    const kept = raw.map((w, t) => (settings.excludeOutside && (low + t < 0 || low + t >= input) ? 0 : w));
    const total = settings.antialias || settings.excludeOutside ? kept.reduce((sum, w) => sum + w, 0) : 1;
    kept.forEach((w, t) => {
      indices[i * count + t] = isOutside ? -1 : Math.min(input - 1, Math.max(0, low + t));
      weights[i * count + t] = w / total;
    });
  }
  return { count, indices, weights };
}

function filterWeight(settings: ResizeSettings, distance: number): number {
  switch (settings.mode) {
    case 'nearest':
      return 1;
    case 'linear':
      return Math.max(0, 1 - Math.abs(distance));
    case 'cubic':
      return cubicWeight(settings.cubicCoefficient, distance);
  }
}
