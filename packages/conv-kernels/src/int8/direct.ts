import { implicitParams } from '../implicit.js';
import { dispatchSeconds, tiledWork } from '../algorithms/cost.js';
import { placeCode } from '../wgsl/fragments.js';
import { shader, type Param } from '../wgsl/shader.js';
import type { Int8Algorithm } from './algorithm.js';
import type { Int8Shape } from './implicit.js';
import { int8PlainPacking } from './packing.js';
import { int8Params, signedShift, storeInt8Fragment, zeroFragment } from './store.js';

const threads = 64;

/** One thread four output channels of a place, an element at a time, weights one a word: any strides, no speed. */
export const int8Direct: Int8Algorithm = {
  name: 'int8-direct',
  supports(shape, device) {
    const { groups } = shape.gemm;
    const most = device.maxWorkgroupsPerDimension;
    if (groups > most) return `${groups} groups exceed the ${most} workgroups of one dimension`;
    const blocks = blockCount(shape);
    return blocks <= most * most || `${blocks} workgroups exceed the dispatch limits`;
  },
  cost: (shape, device) => dispatchSeconds('direct', tiledWork(shape.gemm, 1, 1, shape.bytes, 4), device),
  plan(shape, device) {
    const { gemm } = shape;
    const zeros = zeroFragment(shape);
    const store = storeInt8Fragment(shape);
    const blocks = blockCount(shape);
    const gridX = Math.min(blocks, device.maxWorkgroupsPerDimension);
    const params: Param[] = [
      ...implicitParams(gemm),
      ...int8Params(shape),
      { name: 'quads', type: 'u32', value: Math.ceil(gemm.columns / 4) },
      { name: 'grid_x', type: 'u32', value: gridX },
    ];
    const kernel = shader({
      label: 'int8-direct',
      bindings: [
        { name: 'input', access: 'read', type: 'array<i32>' },
        { name: 'weights', access: 'read', type: 'array<i32>' },
        ...zeros.bindings,
        ...store.bindings,
      ],
      params,
      workgroupSize: [threads, 1, 1],
      declarations: [placeCode(gemm), readCode(shape), zeros.declarations, store.declarations].join('\n'),
      body: directBody(shape),
    });
    return {
      algorithm: 'int8-direct',
      variant: 'direct',
      dispatches: [
        {
          kernel,
          workgroups: [gridX, Math.ceil(blocks / gridX), gemm.groups],
          params,
          operands: ['input', 'weights', ...zeros.operands, ...store.operands],
        },
      ],
      scratchByteLength: 0,
      packing: int8PlainPacking(shape),
      flops: shape.flops,
      bytes: shape.bytes,
    };
  },
};

function blockCount({ gemm }: Int8Shape): number {
  return Math.ceil((gemm.rows * Math.ceil(gemm.columns / 4)) / threads);
}

/** `read_input(at)`: the element as a signed byte. */
export function readCode({ arithmetic }: Int8Shape): string {
  const { inputStorage, inputType } = arithmetic;
  const byte = '(at & 3u) * 8u, 8u';
  const element =
    inputStorage === 'words'
      ? 'input[at]'
      : inputType === 'int8'
        ? `extractBits(input[at >> 2u], ${byte})`
        : `i32(extractBits(bitcast<u32>(input[at >> 2u]), ${byte}))`;
  return `fn read_input(at: u32) -> i32 {
  return ${element} - ${signedShift(inputType)};
}`;
}

function directBody({ gemm, arithmetic }: Int8Shape): string {
  const { volume } = gemm;
  return `
  let index = (workgroup_id.y * params.grid_x + workgroup_id.x) * ${threads}u + local_index;
  let group = workgroup_id.z;
  let row = index / params.quads;
  let first = (index - row * params.quads) * 4u;
  if (row >= params.rows) {
    return;
  }
  let place = locate(row);
  let first_y = i32(place.out_y) * params.stride_y - params.pad_top;
  let first_x = i32(place.out_x) * params.stride_x - params.pad_left;
  let image = params.x_offset + group * params.x_g + place.image * params.x_n;
  let columns = min(vec4u(first, first + 1u, first + 2u, first + 3u), vec4u(params.columns - 1u));
  let filters = params.w_offset + group * params.w_g + columns * params.w_n;
  let channels = group * params.bias_g + columns;
  let zeros = vec4i(weight_zero(channels.x), weight_zero(channels.y), weight_zero(channels.z), weight_zero(channels.w));
  var sums = vec4i(0);
  for (var tap = 0u; tap < params.taps; tap++) {
    let tap_row = tap / params.kernel_width;
    let ix = first_x + i32(tap - tap_row * params.kernel_width) * params.dilation_x;
    ${
      volume
        ? `let tap_z = tap_row / params.kernel_height;
    let iz = i32(place.out_z) * params.stride_z - params.pad_front + i32(tap_z) * params.dilation_z;
    let iy = first_y + i32(tap_row - tap_z * params.kernel_height) * params.dilation_y;
    if (iz < 0 || iz >= params.in_depth) {
      continue;
    }`
        : 'let iy = first_y + i32(tap_row) * params.dilation_y;'
    }
    if (iy < 0 || iy >= params.in_height || ix < 0 || ix >= params.in_width) {
      continue;
    }
    let base = image + ${volume ? 'u32(iz) * params.x_z + ' : ''}u32(iy) * params.x_y + u32(ix) * params.x_x;
    for (var c = 0u; c < params.channels; c++) {
      let x = read_input(base + c * params.x_c) - input_zero();
      let at = filters + tap * params.w_t + c * params.w_c;
      let w = vec4i(weights[at.x], weights[at.y], weights[at.z], weights[at.w]) - ${signedShift(arithmetic.weightType)};
      sums += x * (w - zeros);
    }
  }
  store_quad(group, place, first, sums);`;
}
