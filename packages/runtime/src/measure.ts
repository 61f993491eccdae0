import type { Ceilings, PlanTimer } from '@tessera/conv-kernels';
import type { Device } from './api.js';
import { probeCeilings } from './device/ceilings.js';
import { asGpuDevice } from './device/device.js';
import { planTimer } from './device/plan-timer.js';

/**
 * Measures what the device can do at most, in about a second: multiply-adds and bytes a second, the cost of a dispatch.
 * Give the result to `acquireDevice` to choose kernels by it. Throws TesseraError GPU_ERROR, DEVICE_LOST or DISPOSED.
 */
export async function measureCeilings(device: Device): Promise<Ceilings> {
  return probeCeilings(asGpuDevice(device));
}

/** By what clock kernels are timed. */
export interface PlanTimerOptions {
  /**
   * Reads seconds, and times passes from submission to completion instead of the device's own clock. Of a software
   * adapter on a machine with other work, the processor time of this process tells more than any clock does.
   */
  readonly clock?: () => number;
}

/** Times kernels on the device, for `tuneConv` and `tuneGemm` of conv-kernels. Throws as `measureCeilings`. */
export function createPlanTimer(device: Device, options: PlanTimerOptions = {}): PlanTimer {
  return planTimer(asGpuDevice(device), options.clock);
}
