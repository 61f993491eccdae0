import { dispatchSeconds } from '../algorithms/cost.js';
import { implicitParams } from '../implicit.js';
import { plainPacking } from '../packing/blocks.js';
import { enables, placeCode, storageType, storeFragment } from '../wgsl/fragments.js';
import { shader, type Param } from '../wgsl/shader.js';
import { implicitTranspose } from './implicit.js';
import { transposeBytes, transposeFlops, type ConvTransposeProblem } from './problem.js';
import type { ConvTransposeAlgorithm } from './types.js';

const threads = 64;

/** One thread gathers four output channels of one position: any rank, strides, kernel, and weights of the run. */
export const gather: ConvTransposeAlgorithm = {
  name: 'gather',
  supports(problem, device) {
    const most = device.maxWorkgroupsPerDimension;
    if (problem.groups > most) return `${problem.groups} groups exceed the ${most} workgroups of one dimension`;
    const blocks = blockCount(problem);
    return blocks <= most * most || `${blocks} workgroups exceed the dispatch limits`;
  },
  cost(problem, device) {
    const pixels = problem.axes.reduce((product, axis) => product * axis.output, problem.batch);
    const outputs = pixels * problem.outChannels;
    const work = { flops: transposeFlops(problem), outputs, invocations: outputs, bytes: transposeBytes(problem) };
    return dispatchSeconds('direct', work, device);
  },
  plan(problem, device) {
    const p = implicitTranspose(problem);
    const store = storeFragment(p, false);
    const element = storageType(p.elementType, 1);
    const blocks = blockCount(problem);
    const gridX = Math.min(blocks, device.maxWorkgroupsPerDimension);
    const params: Param[] = [
      ...implicitParams(p),
      { name: 'quads', type: 'u32', value: Math.ceil(p.columns / 4) },
      { name: 'grid_x', type: 'u32', value: gridX },
    ];
    const kernel = shader({
      label: 'transpose gather',
      enables: enables(p.elementType),
      bindings: [
        { name: 'input', access: 'read', type: `array<${element}>` },
        { name: 'weights', access: 'read', type: `array<${element}>` },
        ...store.bindings,
      ],
      params,
      workgroupSize: [threads, 1, 1],
      declarations: [placeCode(p), sourceCode, store.declarations].join('\n'),
      body: gatherBody,
    });
    const operands = ['input', 'weights', ...store.operands] as const;
    return [
      {
        algorithm: 'gather',
        variant: 'direct',
        dispatches: [{ kernel, workgroups: [gridX, Math.ceil(blocks / gridX), p.groups], params, operands }],
        scratchByteLength: 0,
        packing: plainPacking(p),
        flops: transposeFlops(problem),
        bytes: transposeBytes(problem),
      },
    ];
  },
};

function blockCount(problem: ConvTransposeProblem): number {
  const { rows, columns } = implicitTranspose(problem);
  return Math.ceil((rows * Math.ceil(columns / 4)) / threads);
}

/** The input position that a tap adds to an output position; -1 where there is none. */
const sourceCode = `
fn source(output: u32, tap: u32, stride: i32, dilation: i32, pad: i32, size: i32) -> i32 {
  let position = i32(output) + pad - i32(tap) * dilation;
  let at = position / stride;
  return select(-1, at, position >= 0 && at * stride == position && at < size);
}`;

const gatherBody = `
  let index = (workgroup_id.y * params.grid_x + workgroup_id.x) * ${threads}u + local_index;
  let group = workgroup_id.z;
  let row = index / params.quads;
  let first = (index - row * params.quads) * 4u;
  if (row >= params.rows) {
    return;
  }
  let place = locate(row);
  let image = params.x_offset + group * params.x_g + place.image * params.x_n;
  let columns = min(vec4u(first, first + 1u, first + 2u, first + 3u), vec4u(params.columns - 1u));
  let filters = params.w_offset + group * params.w_g + columns * params.w_n;
  var sum = vec4f(0.0);
  for (var kz = 0u; kz < params.kernel_depth; kz++) {
    let iz = source(place.out_z, kz, params.stride_z, params.dilation_z, params.pad_front, params.in_depth);
    if (iz < 0) {
      continue;
    }
    for (var ky = 0u; ky < params.kernel_height; ky++) {
      let iy = source(place.out_y, ky, params.stride_y, params.dilation_y, params.pad_top, params.in_height);
      if (iy < 0) {
        continue;
      }
      for (var kx = 0u; kx < params.kernel_width; kx++) {
        let ix = source(place.out_x, kx, params.stride_x, params.dilation_x, params.pad_left, params.in_width);
        if (ix < 0) {
          continue;
        }
        let x = image + u32(iz) * params.x_z + u32(iy) * params.x_y + u32(ix) * params.x_x;
        let tap = (kz * params.kernel_height + ky) * params.kernel_width + kx;
        for (var c = 0u; c < params.channels; c++) {
          let at = filters + tap * params.w_t + c * params.w_c;
          let w = vec4f(f32(weights[at.x]), f32(weights[at.y]), f32(weights[at.z]), f32(weights[at.w]));
          sum = fma(vec4f(f32(input[x + c * params.x_c])), w, sum);
        }
      }
    }
  }
  for (var l = 0u; l < min(4u, params.columns - first); l++) {
    store(group, place, first + l, sum[l]);
  }`;
