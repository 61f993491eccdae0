import { convBytes, convFlops } from '../geometry.js';
import { implicitConv, implicitParams, type ImplicitGemm } from '../implicit.js';
import { plainPacking } from '../packing/blocks.js';
import type { Dispatch } from '../plan.js';
import type { DeviceProfile } from '../problem.js';
import { enables, placeCode, storageType, storeFragment } from '../wgsl/fragments.js';
import { shader } from '../wgsl/shader.js';
import { dispatchSeconds, tiledWork } from './cost.js';
import type { ConvAlgorithm } from './types.js';

const threads = 64;

/** One thread an output element, scalar loads, weights as they are: any strides, any kernel, no speed. */
export const direct: ConvAlgorithm = {
  name: 'direct',
  supports: (problem, device) => directLimit(implicitConv(problem), device),
  cost: (problem, device) =>
    dispatchSeconds('direct', tiledWork(implicitConv(problem), 1, 1, convBytes(problem)), device),
  plan(problem, device) {
    const p = implicitConv(problem);
    return {
      algorithm: 'direct',
      variant: 'direct',
      dispatches: [directDispatch(p, device)],
      scratchByteLength: 0,
      packing: plainPacking(p),
      flops: convFlops(problem),
      bytes: convBytes(problem),
    };
  },
};

/** True, or why the grid would not fit the device. */
export function directLimit(p: ImplicitGemm, device: DeviceProfile): true | string {
  const outputs = p.rows * p.columns;
  const most = device.maxWorkgroupsPerDimension;
  if (outputs >= 2 ** 32) return `${outputs} outputs a group are more than 32 bits count`;
  if (Math.ceil(outputs / threads) > most * most) return `${outputs} outputs a group exceed the dispatch limits`;
  if (p.groups > most) return `${p.groups} groups exceed the ${most} workgroups of one dimension`;
  return true;
}

/** The one dispatch of `direct`; neighbouring threads take neighbouring output channels. */
export function directDispatch(p: ImplicitGemm, device: DeviceProfile): Dispatch {
  const element = storageType(p.elementType, 1);
  const store = storeFragment(p, false);
  const params = implicitParams(p);
  const blocks = Math.ceil((p.rows * p.columns) / threads);
  const gridX = Math.min(blocks, device.maxWorkgroupsPerDimension);
  const kernel = shader({
    label: 'direct',
    enables: enables(p.elementType),
    bindings: [
      { name: 'input', access: 'read', type: `array<${element}>` },
      { name: 'weights', access: 'read', type: `array<${element}>` },
      ...store.bindings,
    ],
    params: [...params, { name: 'grid_x', type: 'u32' }],
    workgroupSize: [threads, 1, 1],
    declarations: `${placeCode(p)}\n${store.declarations}`,
    body: directBody(p),
  });
  return {
    kernel,
    workgroups: [gridX, Math.ceil(blocks / gridX), p.groups],
    params: [...params, { name: 'grid_x', type: 'u32', value: gridX }],
    operands: ['input', 'weights', ...store.operands],
  };
}

/** WGSL that sums the output of `row` and `column` of `group`, element by element, and stores it. */
export function directSumCode(p: ImplicitGemm): string {
  const slices = p.volume
    ? `let first_z = i32(place.out_z) * params.stride_z - params.pad_front;
  for (var kz = 0u; kz < params.kernel_depth; kz++) {
    let iz = first_z + i32(kz) * params.dilation_z;
    if (iz < 0 || iz >= params.in_depth) {
      continue;
    }
  `
    : '';
  return `
  let place = locate(row);
  let first_y = i32(place.out_y) * params.stride_y - params.pad_top;
  let first_x = i32(place.out_x) * params.stride_x - params.pad_left;
  let image = params.x_offset + group * params.x_g + place.image * params.x_n;
  let filter_base = params.w_offset + group * params.w_g + column * params.w_n;
  var sum = 0.0;
  ${slices}for (var ky = 0u; ky < params.kernel_height; ky++) {
    let iy = first_y + i32(ky) * params.dilation_y;
    if (iy < 0 || iy >= params.in_height) {
      continue;
    }
    for (var kx = 0u; kx < params.kernel_width; kx++) {
      let ix = first_x + i32(kx) * params.dilation_x;
      if (ix < 0 || ix >= params.in_width) {
        continue;
      }
      var x = image + ${p.volume ? 'u32(iz) * params.x_z + ' : ''}u32(iy) * params.x_y + u32(ix) * params.x_x;
      var w = filter_base + (${p.volume ? '(kz * params.kernel_height + ky)' : 'ky'} * params.kernel_width + kx) * params.w_t;
      for (var c = 0u; c < params.channels; c++) {
        sum = fma(f32(input[x]), f32(weights[w]), sum);
        x += params.x_c;
        w += params.w_c;
      }
    }
  }
  ${p.volume ? '}\n  ' : ''}store(group, place, column, sum);`;
}

const directBody = (p: ImplicitGemm): string => `
  let index = (workgroup_id.y * params.grid_x + workgroup_id.x) * ${threads}u + local_index;
  let group = workgroup_id.z;
  let row = index / params.columns;
  let column = index - row * params.columns;
  if (row >= params.rows) {
    return;
  }
  ${directSumCode(p)}`;
