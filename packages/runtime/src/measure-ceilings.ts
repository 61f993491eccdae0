import type { Ceilings } from '@tessera/conv-kernels';
import type { Device } from './api.js';
import { probeCeilings } from './device/ceilings.js';
import { asGpuDevice } from './device/device.js';

/**
 * Measures what the device can do at most, in about a second: multiply-adds and bytes a second, the cost of a dispatch.
 * Give the result to `acquireDevice` to choose kernels by it. Throws TesseraError GPU_ERROR, DEVICE_LOST or DISPOSED.
 */
export async function measureCeilings(device: Device): Promise<Ceilings> {
  return probeCeilings(asGpuDevice(device));
}
