import { convBytes, convFlops } from '../geometry.js';
import { implicitConv, type ImplicitGemm } from '../implicit.js';
import type { Plan } from '../plan.js';
import type { ConvProblem, DeviceProfile } from '../problem.js';
import { fftSeconds } from './fft-cost.js';
import { fftDepthwise, fftForward, fftInverse, fftThreads } from './fft-kernels.js';
import { fftPacking, fftWeightCount } from './fft-packing.js';
import { fftProducts, productGrid } from './fft-products.js';
import {
  fftRadices,
  fftScratchBytes,
  fftShape,
  fftTileBytes,
  isDepthwise,
  type FftShape,
  type FftSize,
} from './fft-shape.js';
import type { ConvAlgorithm, Variant } from './types.js';

const sizes = Object.keys(fftRadices).map(Number) as FftSize[];

/**
 * Convolution by Fourier transforms of overlapping tiles (overlap-save): transform tiles and multiply them by transformed
 * filters, channel by channel at each frequency, and transform back. What a filter of any size costs is its tile's;
 * depthwise convolutions do all in one dispatch. Sums are those of a whole tile: a NaN or infinity spreads over it.
 */
export const fft: ConvAlgorithm = {
  name: 'fft',
  supports(problem, device) {
    const found = shapesOf(problem, device);
    return typeof found === 'string' ? found : true;
  },
  beyondStrict: () => 'its transforms round more than a short chain of f32 multiply-adds',
  cost: (problem, device) => bestOf(problem, device).seconds,
  plan: (problem, device) => bestOf(problem, device).plan(),
  variants: (problem, device) => variantsOf(problem, device),
};

function bestOf(problem: ConvProblem, device: DeviceProfile): Variant {
  return variantsOf(problem, device).reduce((best, variant) => (variant.seconds < best.seconds ? variant : best));
}

function variantsOf(problem: ConvProblem, device: DeviceProfile): readonly Variant[] {
  const found = shapesOf(problem, device);
  if (typeof found === 'string') throw new Error(found);
  const p = implicitConv(problem);
  return found.map((shape) => ({
    name: variantName(p, shape),
    seconds: fftSeconds(problem, shape, device),
    plan: () => planFft(problem, shape, device),
  }));
}

function variantName(p: ImplicitGemm, { size }: FftShape): string {
  return `${size}x${size}${isDepthwise(p) ? ' depthwise' : ''}`;
}

/** The tiles that the device can transform, or why there are none. */
function shapesOf(problem: ConvProblem, device: DeviceProfile): readonly FftShape[] | string {
  const p = implicitConv(problem);
  const answers = sizes.map((size) => fftShape(p, size, device) ?? `the kernel is larger than ${size}x${size}`);
  const limits = answers.map((shape) => (typeof shape === 'string' ? shape : (limitOf(p, shape, device) ?? shape)));
  const open = limits.filter((answer) => typeof answer !== 'string');
  return open.length > 0 ? open : limits.join('; ');
}

function limitOf(p: ImplicitGemm, shape: FftShape, device: DeviceProfile): string | undefined {
  const scratch = isDepthwise(p) ? 0 : fftScratchBytes(p, shape);
  const sizesInBytes: [string, number, number][] = [
    ['workgroup memory', fftTileBytes(shape), device.maxWorkgroupStorage],
    ['scratch', scratch, device.maxStorageBinding],
    ['packed weights', 8 * fftWeightCount(p, shape), device.maxStorageBinding],
  ];
  for (const [name, bytes, most] of sizesInBytes) {
    if (bytes > most) return `tiles of ${shape.size} take ${bytes} bytes of ${name}, of which there are ${most}`;
  }
  const most = device.maxWorkgroupsPerDimension;
  const grid = [shape.pairs, p.channels, p.columns, p.groups, productGrid(p, shape, fftThreads(device))[1]];
  return Math.max(...grid) > most ? `${Math.max(...grid)} workgroups exceed ${most} a dimension` : undefined;
}

function planFft(problem: ConvProblem, shape: FftShape, device: DeviceProfile): Plan {
  const p = implicitConv(problem);
  const dispatches = isDepthwise(p)
    ? [fftDepthwise(p, shape, device)]
    : [fftForward(p, shape, device), fftProducts(p, shape, fftThreads(device)), fftInverse(p, shape, device)];
  return {
    algorithm: 'fft',
    variant: variantName(p, shape),
    dispatches,
    scratchByteLength: isDepthwise(p) ? 0 : fftScratchBytes(p, shape),
    packing: fftPacking(p, shape),
    flops: convFlops(problem),
    bytes: convBytes(problem),
  };
}
