import { ceilingsOf } from '../ceilings.js';
import { convBytes, elementBytes } from '../geometry.js';
import { implicitConv, type GroupedLayout, type ImplicitGemm } from '../implicit.js';
import type { ConvProblem, DeviceProfile } from '../problem.js';
import { bandwidth, launchSeconds, rate } from './cost.js';
import { fftWeightCount } from './fft-packing.js';
import { productPairs } from './fft-products.js';
import { fftScratchBytes, isDepthwise, type FftShape } from './fft-shape.js';

/** How much faster than predicted it must be to be chosen on software adapters, since it takes more memory. */
const softwareMargin = 1.3;

/** As `gpuStartSeconds`, of transforms, whose passes wait for each other. */
const startSeconds = 3.2e-6;

/** Bytes that GPUs move at once at least. */
const sectorBytes = 32;

/**
 * What passes the memory of a GPU over what it must hold: outputs, stored one channel at a time; inputs, of which neighbouring channels are
 * found in caches; and scratch, which caches hold in part.
 */
const passes = { output: 1.8, input: 0.33, scratch: 1.3 } as const;

/** Operations: 5 n log2 n a transform of n complex numbers, and 8 a product of complex numbers. */
interface FftWork {
  /** Transforms of tiles of input channels, and of output channels. */
  readonly inputs: number;
  readonly outputs: number;
  /** Operations of one. */
  readonly each: number;
  /** Of all products. */
  readonly products: number;
}

function workOf(p: ImplicitGemm, shape: FftShape): FftWork {
  const points = shape.size ** 2;
  const pairs = Math.ceil(shape.pairs / productPairs(shape)) * productPairs(shape);
  return {
    inputs: shape.pairs * p.groups * p.channels,
    outputs: shape.pairs * p.groups * p.columns,
    each: 5 * points * Math.log2(points),
    products: 8 * points * pairs * p.groups * Math.ceil(p.columns / 4) * 4 * p.channels,
  };
}

/** Predicted seconds of a convolution by tiles of that shape. */
export function fftSeconds(problem: ConvProblem, shape: FftShape, device: DeviceProfile): number {
  const p = implicitConv(problem);
  return device.isSoftware ? softwareSeconds(problem, p, shape, device) : gpuSeconds(p, shape, device);
}

function softwareSeconds(problem: ConvProblem, p: ImplicitGemm, shape: FftShape, device: DeviceProfile): number {
  const { inputs, outputs, each, products } = workOf(p, shape);
  const seconds = launchSeconds(device) + convBytes(problem) / bandwidth(device);
  if (isDepthwise(p)) {
    return softwareMargin * (seconds + (2 * outputs * each) / rate(`fft depthwise of ${shape.size}`, device));
  }
  const transforms = ((inputs + outputs) * each) / rate(`fft transforms of ${shape.size}`, device);
  return softwareMargin * (3 * seconds + transforms + products / rate('fft products', device));
}

/** A workgroup a transform: with fewer than there are cores, each takes as long as where all have one. */
function gpuSeconds(p: ImplicitGemm, shape: FftShape, device: DeviceProfile): number {
  const { inputs, outputs, each, products } = workOf(p, shape);
  const { cores } = ceilingsOf(device);
  const start = launchSeconds(device) + startSeconds;
  const moving = movedBytes(p, shape) / bandwidth(device);
  const filled = (count: number): number => Math.max(count, cores) * each;
  if (isDepthwise(p)) return start + (2 * filled(outputs)) / rate(`fft depthwise of ${shape.size}`, device) + moving;
  const transforms = (filled(inputs) + filled(outputs)) / rate(`fft transforms of ${shape.size}`, device);
  return 3 * start + transforms + products / rate('fft products', device) + moving;
}

function movedBytes(p: ImplicitGemm, shape: FftShape): number {
  const inputs = p.batch * p.inHeight * p.inWidth * p.groups * p.channels * stepBytes(p, p.input);
  const outputs = p.rows * p.groups * p.columns * stepBytes(p, p.output);
  const scratch = isDepthwise(p) ? 0 : fftScratchBytes(p, shape);
  const weights = 8 * fftWeightCount(p, shape);
  return passes.output * outputs + passes.input * inputs + passes.scratch * scratch + weights;
}

/** Bytes that an element alone in its line of pixels moves. */
function stepBytes({ elementType }: ImplicitGemm, { x }: GroupedLayout): number {
  const bytes = elementBytes(elementType);
  return Math.min(sectorBytes, Math.max(1, x) * bytes);
}
