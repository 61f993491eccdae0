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

interface Rating {
  /** The share of the device's multiply-add ceiling that is reached on a layer of long sums that fills the device. */
  readonly lavapipe: number;
  readonly swiftshader: number;
  readonly gpu: number;
  /** Operations, at the ceiling's rate, that a software adapter spends on an output beyond its sum. */
  readonly output: number;
}

/**
 * What kernels reach. The figures of lavapipe and SwiftShader are measured (MEASUREMENTS.md), as is `winograd products` on NVIDIA. The others of GPUs are not, where
 * it says so there; they are low on purpose, so that no guess displaces a kernel whose speed is known.
 */
const ratings = {
  direct: { lavapipe: 0.023, swiftshader: 0.025, gpu: 1.6e-3, output: 2700 },
  'direct-wide': { lavapipe: 0.022, swiftshader: 0.028, gpu: 1.2e-3, output: 1000 },
  tiled: { lavapipe: 0.013, swiftshader: 0.014, gpu: 1.3e-3, output: 2100 },
  vectorized: { lavapipe: 0.12, swiftshader: 0.1, gpu: 1.45e-3, output: 300 },
  /** The implicit GEMM in registers, reading four channels at a time or one. */
  'register by four': { lavapipe: 0.34, swiftshader: 0.145, gpu: 0.05, output: 300 },
  'register by one': { lavapipe: 0.15, swiftshader: 0.06, gpu: 0.02, output: 300 },
  /** Depthwise, four channels at a time or one. */
  'depthwise by four': { lavapipe: 0.058, swiftshader: 0.05, gpu: 0.03, output: 310 },
  'depthwise by one': { lavapipe: 0.03, swiftshader: 0.02, gpu: 0.03, output: 310 },
  /** Transforms through scratch, those of one dispatch with products and inverse, and products by frequency. */
  'fft transforms': { lavapipe: 0.027, swiftshader: 0.027, gpu: 1e-3, output: 0 },
  'fft depthwise': { lavapipe: 0.041, swiftshader: 0.041, gpu: 1e-3, output: 0 },
  'fft products': { lavapipe: 0.126, swiftshader: 0.22, gpu: 1e-3, output: 0 },
  /** Four output channels at a time or one, of groups. */
  'grouped by four': { lavapipe: 0.06, swiftshader: 0.06, gpu: 1.5e-3, output: 300 },
  'grouped by one': { lavapipe: 0.016, swiftshader: 0.016, gpu: 1.3e-3, output: 300 },
  'few-channels': { lavapipe: 0.21, swiftshader: 0.12, gpu: 1.4e-3, output: 200 },
  'winograd products': { lavapipe: 0.28, swiftshader: 0.2, gpu: 0.21, output: 0 },
} as const satisfies Readonly<Record<string, Rating>>;

/** A kernel, or a part of one, of which it is known what it reaches. */
export type Rated = keyof typeof ratings;

/** What a dispatch does: operations and outputs, those of overhanging tiles included, and bytes. */
export interface Work {
  readonly flops: number;
  readonly outputs: number;
  readonly bytes: number;
}

function kindOf(device: DeviceProfile): Kind {
  const kind = deviceKind(device);
  return kind === 'lavapipe' || kind === 'swiftshader' ? kind : 'gpu';
}

/** Operations a second that a kernel reaches. */
export function rate(kernel: Rated, device: DeviceProfile): number {
  return ceilingsOf(device).f32Flops * ratings[kernel][kindOf(device)];
}

/** Predicted seconds of one dispatch. */
export function dispatchSeconds(kernel: Rated, { flops, outputs, bytes }: Work, device: DeviceProfile): number {
  const overhead = device.isSoftware ? (outputs * ratings[kernel].output) / ceilingsOf(device).f32Flops : 0;
  return launchSeconds(device) + flops / rate(kernel, device) + overhead + bytes / bandwidth(device);
}

/** The work of a kernel whose workgroups take `rows` x `columns` outputs each. */
export function tiledWork(p: ImplicitGemm, rows: number, columns: number, bytes: number): Work {
  const outputs = p.groups * Math.ceil(p.rows / rows) * rows * Math.ceil(p.columns / columns) * columns;
  return { outputs, flops: 2 * outputs * p.channels * p.taps, bytes };
}
