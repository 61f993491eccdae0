import type { SessionOptions } from '../api.js';
import type { GpuDevice } from '../device/device.js';
import type { ProgramCache } from '../program-cache.js';

/** What the runners of a session share. */
export interface Runtime {
  readonly device: GpuDevice;
  readonly options: SessionOptions;
  readonly programs: ProgramCache;
}
