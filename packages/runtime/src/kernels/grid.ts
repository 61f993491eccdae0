import type { DeviceProfile, Param } from '@tessera/conv-kernels';
import { u32 } from './params.js';

export interface Grid {
  readonly workgroups: readonly [number, number, number];
  /** `grid_x`, with which a kernel numbers its workgroups: workgroup_id.y * params.grid_x + workgroup_id.x. */
  readonly param: Param;
}

/** WGSL that declares the number of the invocation in its grid by a name, and ends those from `params.count` on. */
export function invocationCode(name: string, workgroupSize: number, declare: 'let' | 'var' = 'let'): string {
  return `  ${declare} ${name} = (workgroup_id.y * params.grid_x + workgroup_id.x) * ${workgroupSize}u + local_index;
  if (${name} >= params.count) { return; }`;
}

/** Spreads `count` workgroups over two dimensions where one is not enough; the last row may run over. */
export function gridOf(count: number, profile: Pick<DeviceProfile, 'maxWorkgroupsPerDimension'>): Grid {
  const x = Math.min(count, profile.maxWorkgroupsPerDimension);
  const y = x === 0 ? 0 : Math.ceil(count / x);
  return { workgroups: [x, y, 1], param: u32('grid_x', x) };
}
