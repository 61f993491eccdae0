import { ceilingsOf } from './ceilings.js';
import type { DeviceProfile } from './problem.js';

/** The least seconds that a device's ceilings allow for so many operations and bytes; f16 by matrix units where there are any. */
export function rooflineSeconds(flops: number, bytes: number, type: 'f32' | 'f16', device: DeviceProfile): number {
  const ceilings = ceilingsOf(device);
  const half = Math.max(ceilings.f16Flops ?? 0, ceilings.matrixFlops ?? 0, ceilings.f32Flops);
  return Math.max(flops / (type === 'f16' ? half : ceilings.f32Flops), bytes / ceilings.bytes);
}
