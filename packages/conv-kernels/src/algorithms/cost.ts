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

/**
 * The share of the device's multiply-add ceiling that a kernel reaches on a layer that fills the device. Those of lavapipe
 * and SwiftShader are measured (MEASUREMENTS.md). Those of GPUs marked there as not measured are low on purpose, so that
 * no guess displaces a kernel whose speed is known.
 */
const shares = {
  /** Two loads for each multiply-add. */
  direct: { lavapipe: 0.021, swiftshader: 0.02, gpu: 1.6e-3 },
  'direct-wide': { lavapipe: 0.02, swiftshader: 0.02, gpu: 1.2e-3 },
  tiled: { lavapipe: 0.011, swiftshader: 0.01, gpu: 1.3e-3 },
  vectorized: { lavapipe: 0.12, swiftshader: 0.1, gpu: 1.45e-3 },
  /** The implicit GEMM in registers, reading four channels at a time or one. */
  'register by four': { lavapipe: 0.34, swiftshader: 0.145, gpu: 0.05 },
  'register by one': { lavapipe: 0.15, swiftshader: 0.06, gpu: 0.02 },
  /** Depthwise, four channels at a time or one. */
  'depthwise by four': { lavapipe: 0.055, swiftshader: 0.05, gpu: 0.03 },
  'depthwise by one': { lavapipe: 0.02, swiftshader: 0.02, gpu: 0.03 },
  'winograd products': { lavapipe: 0.28, swiftshader: 0.2, gpu: 1e-3 },
} as const satisfies Readonly<Record<string, Readonly<Record<Kind, number>>>>;

/** A kernel, or a part of one, whose share of the ceiling is known. */
export type Rated = keyof typeof shares;

function kindOf(device: DeviceProfile): Kind {
  const kind = deviceKind(device);
  return kind === 'lavapipe' || kind === 'swiftshader' ? kind : 'gpu';
}

/** Operations a second that a kernel reaches. */
export function rate(kernel: Rated, device: DeviceProfile): number {
  return ceilingsOf(device).f32Flops * shares[kernel][kindOf(device)];
}

/** Predicted seconds of one dispatch of so many operations and bytes. */
export function dispatchSeconds(kernel: Rated, flops: number, bytes: number, device: DeviceProfile): number {
  return launchSeconds(device) + flops / rate(kernel, device) + bytes / bandwidth(device);
}

/** Operations of a kernel whose workgroups take `rows` x `columns` outputs each, those beyond the last included. */
export function tiledFlops(p: ImplicitGemm, rows: number, columns: number): number {
  const padded = Math.ceil(p.rows / rows) * rows * Math.ceil(p.columns / columns) * columns;
  return 2 * p.groups * padded * p.channels * p.taps;
}
