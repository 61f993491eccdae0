import type { DeviceProfile } from '../problem.js';

/** Seconds that a dispatch takes beyond its work. */
export const launchSeconds = 3e-6;

/** Bytes a second that the cost model counts with: a middling value, since WebGPU does not say. */
export function bandwidth(device: DeviceProfile): number {
  return device.isSoftware ? 4e9 : 5e11;
}
