import { ceilingsOf, deviceKind } from '../ceilings.js';
import type { ImplicitGemm } from '../implicit.js';
import type { DeviceProfile } from '../problem.js';

/** Seconds that a dispatch takes beyond its work. */
export function launchSeconds(device: DeviceProfile): number {
  return ceilingsOf(device).launchSeconds;
}

/** Bytes a second. */
export function bandwidth(device: DeviceProfile): number {
  return ceilingsOf(device).bytes;
}

type Kind = 'lavapipe' | 'swiftshader' | 'gpu';

/** What a kernel reaches on GPUs. */
interface GpuRating {
  /** The share of the device's multiply-add ceiling that is reached where the device is full. */
  readonly share: number;
  /** Invocations on each core from which it is reached; with fewer, loads wait for memory and nothing else is done meanwhile. */
  readonly invocations: number;
  /** Operations, at the ceiling's rate, that an output takes beyond its sum. */
  readonly output: number;
}

interface Rating {
  /** The share of the device's multiply-add ceiling that is reached on a layer of long sums that fills the device. */
  readonly lavapipe: number;
  readonly swiftshader: number;
  readonly gpu: GpuRating;
  /** Operations, at the ceiling's rate, that a software adapter spends on an output beyond its sum. */
  readonly output: number;
}

function gpu(share: number, invocations = 1, output = 0): GpuRating {
  return { share, invocations, output };
}

/**
 * What kernels reach, as measured on lavapipe, on SwiftShader and on an H100, whose figures stand for all GPUs (MEASUREMENTS.md). Of
 * GPUs, 'grouped by four' and the implicit GEMM in registers were not timed: the latter never runs there.
 */
const ratings = {
  direct: { lavapipe: 0.023, swiftshader: 0.025, gpu: gpu(0.0095, 380, 1700), output: 2700 },
  'direct-wide': { lavapipe: 0.022, swiftshader: 0.028, gpu: gpu(0.017, 300), output: 1000 },
  tiled: { lavapipe: 0.013, swiftshader: 0.014, gpu: gpu(0.18, 640, 180), output: 2100 },
  vectorized: { lavapipe: 0.12, swiftshader: 0.1, gpu: gpu(0.33, 600), output: 300 },
  /** The implicit GEMM in registers, reading four channels at a time or one. */
  'register by four': { lavapipe: 0.34, swiftshader: 0.145, gpu: gpu(0.05), output: 300 },
  'register by one': { lavapipe: 0.15, swiftshader: 0.06, gpu: gpu(0.02), output: 300 },
  /** Depthwise, four channels at a time or one. */
  'depthwise by four': { lavapipe: 0.058, swiftshader: 0.05, gpu: gpu(0.125, 455), output: 310 },
  'depthwise by one': { lavapipe: 0.03, swiftshader: 0.02, gpu: gpu(0.03, 455), output: 310 },
  /** Transforms through scratch, those of one dispatch with products and inverse, and products by frequency. */
  'fft transforms of 32': { lavapipe: 0.027, swiftshader: 0.027, gpu: gpu(0.143), output: 0 },
  'fft depthwise of 32': { lavapipe: 0.041, swiftshader: 0.041, gpu: gpu(0.143), output: 0 },
  /** Their workgroup memory leaves room for few workgroups on a core of a GPU. */
  'fft transforms of 64': { lavapipe: 0.027, swiftshader: 0.027, gpu: gpu(0.059), output: 0 },
  'fft depthwise of 64': { lavapipe: 0.041, swiftshader: 0.041, gpu: gpu(0.059), output: 0 },
  'fft products': { lavapipe: 0.126, swiftshader: 0.22, gpu: gpu(0.29), output: 0 },
  /** Four output channels at a time or one, of groups. */
  'grouped by four': { lavapipe: 0.06, swiftshader: 0.06, gpu: gpu(0.018, 480, 50), output: 300 },
  'grouped by one': { lavapipe: 0.016, swiftshader: 0.016, gpu: gpu(0.016, 480, 50), output: 300 },
  'few-channels': { lavapipe: 0.21, swiftshader: 0.12, gpu: gpu(0.6, 255, 320), output: 200 },
  /** Of bytes, four products at a time. */
  'int8 dot': { lavapipe: 0.043, swiftshader: 0.16, gpu: gpu(1, 950, 500), output: 0 },
  'winograd products': { lavapipe: 0.28, swiftshader: 0.2, gpu: gpu(0.24), output: 0 },
} as const satisfies Readonly<Record<string, Rating>>;

/** A kernel, or a part of one, of which it is known what it reaches. */
export type Rated = keyof typeof ratings;

/** What a dispatch does: operations and outputs, those of overhanging tiles included, and bytes. */
export interface Work {
  readonly flops: number;
  readonly outputs: number;
  /** Invocations that share them. */
  readonly invocations: number;
  readonly bytes: number;
}

/** Seconds from a dispatch's begin to its first products and from its last to its end, beyond the launch, on GPUs. */
export const gpuStartSeconds = 1.55e-6;

function kindOf(device: DeviceProfile): Kind {
  const kind = deviceKind(device);
  return kind === 'lavapipe' || kind === 'swiftshader' ? kind : 'gpu';
}

/** Operations a second that a kernel reaches where the device is full. */
export function rate(kernel: Rated, device: DeviceProfile): number {
  const kind = kindOf(device);
  const share = kind === 'gpu' ? ratings[kernel].gpu.share : ratings[kernel][kind];
  return ceilingsOf(device).f32Flops * share;
}

/** Predicted seconds of one dispatch. */
export function dispatchSeconds(kernel: Rated, work: Work, device: DeviceProfile): number {
  const { f32Flops, cores, bytes } = ceilingsOf(device);
  const { gpu, output } = ratings[kernel];
  const moving = work.bytes / bytes;
  if (device.isSoftware) {
    const outputs = (work.outputs * output) / f32Flops;
    return launchSeconds(device) + work.flops / rate(kernel, device) + outputs + moving;
  }
  const fill = Math.min(1, work.invocations / (cores * gpu.invocations));
  const outputs = (work.outputs * gpu.output) / f32Flops;
  return launchSeconds(device) + gpuStartSeconds + work.flops / (fill * rate(kernel, device)) + outputs + moving;
}

/** The work of a kernel whose workgroups take `rows` x `columns` outputs each, and its invocations `share` of them. */
export function tiledWork(p: ImplicitGemm, rows: number, columns: number, bytes: number, share = 1): Work {
  const outputs = p.groups * Math.ceil(p.rows / rows) * rows * Math.ceil(p.columns / columns) * columns;
  return { outputs, flops: 2 * outputs * p.channels * p.taps, invocations: outputs / share, bytes };
}
