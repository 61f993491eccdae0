import { ceilingsOf } from '../ceilings.js';
import type { DeviceProfile } from '../problem.js';

/** Seconds that a dispatch takes beyond its work. */
export function launchSeconds(device: DeviceProfile): number {
  return ceilingsOf(device).launchSeconds;
}

/** Bytes a second. */
export function bandwidth(device: DeviceProfile): number {
  return ceilingsOf(device).bytes;
}

/** The share of the multiply-add ceiling that `direct` reaches: every operand is a load of its own. */
const directShare = { software: 5e-3, gpu: 1.6e-3 } as const;

/** Predicted seconds of so many operations and bytes by `direct`. */
export function directSeconds(flops: number, bytes: number, device: DeviceProfile): number {
  const { f32Flops, bytes: bytesPerSecond, launchSeconds: launch } = ceilingsOf(device);
  return launch + flops / (f32Flops * directShare[device.isSoftware ? 'software' : 'gpu']) + bytes / bytesPerSecond;
}
