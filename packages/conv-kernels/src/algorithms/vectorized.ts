import { convBytes, convFlops } from '../geometry.js';
import { hasVectorOutput, implicitConv, implicitParams, isVectorLayout, type ImplicitGemm } from '../implicit.js';
import { blockPacking } from '../packing/blocks.js';
import type { Dispatch } from '../plan.js';
import type { DeviceProfile } from '../problem.js';
import { enables, placeCode, storageType, storeFragment } from '../wgsl/fragments.js';
import { shader, type Param } from '../wgsl/shader.js';
import type { ConvAlgorithm } from './types.js';
import { dispatchSeconds } from './cost.js';

/** Outputs of a thread along rows; along columns it is four. */
const pixels = 4;

/**
 * Each thread sums four output channels of four successive pixels, reading four input channels at a time: channels-last
 * layouts and channels by four only. Weights are packed as [group][tap][channel][column], so that neighbouring threads,
 * which take neighbouring columns, read neighbouring weights.
 */
export const vectorized: ConvAlgorithm = {
  name: 'vectorized',
  supports(problem, device) {
    const p = implicitConv(problem);
    if (!isVectorLayout(p.input, p.channels)) return 'the input channels of a group are not aligned fours in memory';
    if (!hasVectorOutput(p)) return 'the output channels of a group are not aligned fours in memory';
    const { byteLength } = blockPacking(p, p.columns);
    if (byteLength > device.maxStorageBinding) {
      return `packed weights take ${byteLength} bytes of the ${device.maxStorageBinding} that can be bound`;
    }
    const [x, y, z] = grid(p, device);
    const most = device.maxWorkgroupsPerDimension;
    return Math.max(x, y, z) <= most || `${x}x${y}x${z} workgroups exceed ${most} a dimension`;
  },
  cost(problem, device) {
    const p = implicitConv(problem);
    const [x, y] = grid(p, device);
    const invocations = p.groups * x * y * threadCount(device);
    const outputs = invocations * pixels * 4;
    const flops = 2 * outputs * p.channels * p.taps;
    return dispatchSeconds('vectorized', { flops, outputs, invocations, bytes: convBytes(problem) }, device);
  },
  plan(problem, device) {
    const p = implicitConv(problem);
    return {
      algorithm: 'vectorized',
      variant: `${threadCount(device)}x${pixels}x4`,
      dispatches: [vectorizedDispatch(p, device)],
      scratchByteLength: 0,
      packing: blockPacking(p, p.columns),
      flops: convFlops(problem),
      bytes: convBytes(problem),
    };
  },
};

/** At least 64 threads, in whole subgroups where that fits the device. */
function threadCount(device: DeviceProfile): number {
  const most = Math.min(device.maxInvocationsPerWorkgroup, device.maxWorkgroupSizeX);
  const subgroup = Math.max(1, device.subgroupMaxSize);
  const threads = Math.ceil(64 / subgroup) * subgroup;
  return Math.min(threads, most);
}

function grid(p: ImplicitGemm, device: DeviceProfile): [number, number, number] {
  const blocks = Math.ceil(((p.columns / 4) * Math.ceil(p.rows / pixels)) / threadCount(device));
  const x = Math.min(blocks, device.maxWorkgroupsPerDimension);
  return [x, Math.ceil(blocks / x), p.groups];
}

function vectorizedDispatch(p: ImplicitGemm, device: DeviceProfile): Dispatch {
  const element = storageType(p.elementType, 4);
  const store = storeFragment(p, true);
  const workgroups = grid(p, device);
  const threads = threadCount(device);
  const params: Param[] = [
    ...implicitParams(p),
    { name: 'quads', type: 'u32', value: p.columns / 4 },
    { name: 'grid_x', type: 'u32', value: workgroups[0] },
    { name: 'pixels', type: 'u32', value: pixels },
  ];
  const kernel = shader({
    label: `vectorized ${threads}x${pixels}x4`,
    enables: enables(p.elementType),
    bindings: [
      { name: 'input', access: 'read', type: `array<${element}>` },
      { name: 'weights', access: 'read', type: `array<${element}>` },
      ...store.bindings,
    ],
    params,
    workgroupSize: [threads, 1, 1],
    declarations: `${placeCode(p)}\n${store.declarations}`,
    body: vectorizedBody(p, threads),
  });
  return { kernel, workgroups, params, operands: ['input', 'weights', ...store.operands] };
}

function vectorizedBody({ volume }: ImplicitGemm, threads: number): string {
  const each = Array.from({ length: pixels }, (_, i) => i);
  return [
    `let index = (workgroup_id.y * params.grid_x + workgroup_id.x) * ${threads}u + local_index;`,
    'let group = workgroup_id.z;',
    'let block = index / params.quads;',
    'let quad = index - block * params.quads;',
    `let first_row = block * ${pixels}u;`,
    'if (first_row >= params.rows) {\nreturn;\n}',
    ...each.flatMap((i) => [
      `let place_${i} = locate(first_row + ${i}u);`,
      `let image_${i} = params.x_offset + group * params.x_g + place_${i}.image * params.x_n;`,
      `let first_y_${i} = i32(place_${i}.out_y) * params.stride_y - params.pad_top;`,
      `let first_x_${i} = i32(place_${i}.out_x) * params.stride_x - params.pad_left;`,
      ...(volume ? [`let first_z_${i} = i32(place_${i}.out_z) * params.stride_z - params.pad_front;`] : []),
      `var sum_${i} = vec4f(0.0);`,
    ]),
    'var w = group * params.taps * params.channels * params.quads + quad;',
    ...(volume ? ['for (var kz = 0u; kz < params.kernel_depth; kz++) {'] : []),
    'for (var ky = 0u; ky < params.kernel_height; ky++) {',
    'for (var kx = 0u; kx < params.kernel_width; kx++) {',
    ...each.flatMap((i) => [
      `let y_${i} = first_y_${i} + i32(ky) * params.dilation_y;`,
      `let x_${i} = first_x_${i} + i32(kx) * params.dilation_x;`,
      ...(volume ? [`let z_${i} = first_z_${i} + i32(kz) * params.dilation_z;`] : []),
      `let in_${i} = ${volume ? `z_${i} >= 0 && z_${i} < params.in_depth && ` : ''}y_${i} >= 0 && y_${i} < params.in_height && x_${i} >= 0 && x_${i} < params.in_width;`,
      `let at_${i} = select(0u, (image_${i} + ${volume ? `u32(z_${i}) * params.x_z + ` : ''}u32(y_${i}) * params.x_y + u32(x_${i}) * params.x_x) >> 2u, in_${i});`,
    ]),
    'for (var c = 0u; c < (params.channels >> 2u); c++) {',
    ...each.map((i) => `let v_${i} = select(vec4f(0.0), vec4f(input[at_${i} + c]), in_${i});`),
    ...[...'xyzw'].flatMap((lane) => [
      `let w_${lane} = vec4f(weights[w]);`,
      'w += params.quads;',
      ...each.map((i) => `sum_${i} = fma(vec4f(v_${i}.${lane}), w_${lane}, sum_${i});`),
    ]),
    ...(volume ? ['}'] : []),
    '}',
    '}',
    '}',
    `var sums = array<vec4f, ${pixels}>(${each.map((i) => `sum_${i}`).join(', ')});`,
    'for (var i = 0u; i < params.pixels; i++) {',
    'if (first_row + i < params.rows) {',
    'store(group, locate(first_row + i), quad * 4u, sums[i]);',
    '}',
    '}',
  ].join('\n');
}
