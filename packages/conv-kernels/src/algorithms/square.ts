import type { ImplicitGemm } from '../implicit.js';
import type { DeviceProfile } from '../problem.js';

/** The side of a square workgroup: 16, or 8 where the device does not allow 16 x 16 invocations. */
export function squareSide(device: DeviceProfile): number {
  const { maxInvocationsPerWorkgroup: most, maxWorkgroupSizeX: x, maxWorkgroupSizeY: y } = device;
  return most >= 256 && x >= 16 && y >= 16 ? 16 : 8;
}

/** True, or why squares of `size` rows and columns, one to a workgroup, are more workgroups than the device takes. */
export function gridLimit(p: ImplicitGemm, size: number, device: DeviceProfile): true | string {
  const grid = [Math.ceil(p.columns / size), Math.ceil(p.rows / size), p.groups];
  const most = device.maxWorkgroupsPerDimension;
  return Math.max(...grid) <= most || `${grid.join('x')} workgroups exceed ${most} a dimension`;
}
