import type { Ceilings, DeviceProfile } from '@tessera/conv-kernels';
import { matrixGpu } from '../../testing/devices.js';

/** An NVIDIA GPU with matrix units as Dawn shows it, with the ceilings of a record: the device to replay that record on. */
export function hopper(ceilings: Ceilings): DeviceProfile {
  return { ...matrixGpu, ceilings };
}
