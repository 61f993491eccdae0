import type { DeviceProfile, Param } from '@tessera/conv-kernels';

export interface Grid {
  readonly workgroups: readonly [number, number, number];
  /** `grid_x`, with which a kernel numbers its workgroups: workgroup_id.y * params.grid_x + workgroup_id.x. */
  readonly param: Param;
}

/** Spreads `count` workgroups over two dimensions where one is not enough; the last row may run over. */
export function gridOf(count: number, profile: Pick<DeviceProfile, 'maxWorkgroupsPerDimension'>): Grid {
  const x = Math.min(count, profile.maxWorkgroupsPerDimension);
  const y = x === 0 ? 0 : Math.ceil(count / x);
  return { workgroups: [x, y, 1], param: { name: 'grid_x', type: 'u32', value: x } };
}
