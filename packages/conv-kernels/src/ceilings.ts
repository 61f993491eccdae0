import type { DeviceProfile } from './problem.js';

/** What a device can do at most, as plain kernels of `ceilingProbes` measured it. Rates are per second. */
export interface Ceilings {
  /** f32 multiply-adds in registers; 2 operations each. */
  readonly f32Flops: number;
  /** The same in f16; absent without shader-f16. */
  readonly f16Flops?: number;
  /** Products of f16 matrices with f32 sums on matrix units; absent where there are none. */
  readonly matrixFlops?: number;
  /** Bytes read and written by a copy of more than the caches hold. */
  readonly bytes: number;
  /** Seconds that one of many dependent dispatches takes beyond its work. */
  readonly launchSeconds: number;
  /** Workgroups of 256 invocations that run side by side at full rate. */
  readonly cores: number;
}

/**
 * Ceilings where nothing was measured, by kind of device. `lavapipe`, `swiftshader` and `nvidia` (an H200) were measured
 * (MEASUREMENTS.md). `amd`, `intel` and `apple` are half of what the vendors publish for a small current part (Radeon RX
 * 7600, Iris Xe with 96 units, M1), so that larger parts are underestimated alike in everything and ranked alike;
 * nobody measured them. `other` is the least of these.
 */
export const defaultCeilings = {
  nvidia: { f32Flops: 6.4e13, f16Flops: 1.08e14, matrixFlops: 6e14, bytes: 4.2e12, launchSeconds: 1.7e-6, cores: 132 },
  lavapipe: { f32Flops: 9.4e10, f16Flops: 1.4e10, bytes: 7.5e9, launchSeconds: 1.4e-5, cores: 2 },
  swiftshader: { f32Flops: 2.5e10, bytes: 2.9e9, launchSeconds: 9e-6, cores: 2 },
  amd: { f32Flops: 5.4e12, f16Flops: 1.08e13, bytes: 1.4e11, launchSeconds: 3e-6, cores: 32 },
  intel: { f32Flops: 1.1e12, f16Flops: 2.2e12, bytes: 3.4e10, launchSeconds: 5e-6, cores: 12 },
  apple: { f32Flops: 1.3e12, f16Flops: 1.3e12, bytes: 3.4e10, launchSeconds: 5e-6, cores: 8 },
  other: { f32Flops: 1.1e12, f16Flops: 1.1e12, bytes: 3.4e10, launchSeconds: 5e-6, cores: 8 },
} as const satisfies Readonly<Record<string, Ceilings>>;

/** The kinds of device of which defaults are kept. */
export type DeviceKind = keyof typeof defaultCeilings;

/** The kind a device is of. */
export function deviceKind({ isSoftware, vendor, architecture, description }: DeviceProfile): DeviceKind {
  if (isSoftware) return /swiftshader/i.test(`${architecture} ${description}`) ? 'swiftshader' : 'lavapipe';
  return vendor === 'nvidia' || vendor === 'amd' || vendor === 'intel' || vendor === 'apple' ? vendor : 'other';
}

/** The device's measured ceilings, or the defaults of its kind. */
export function ceilingsOf(device: DeviceProfile): Ceilings {
  return device.ceilings ?? defaultCeilings[deviceKind(device)];
}
