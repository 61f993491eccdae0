import { convBytes, convFlops } from '../geometry.js';
import { implicitConv, implicitParams, type ImplicitGemm } from '../implicit.js';
import { plainPacking } from '../packing/blocks.js';
import type { Dispatch } from '../plan.js';
import type { DeviceProfile } from '../problem.js';
import { enables, placeCode, storageType, storeFragment } from '../wgsl/fragments.js';
import { shader } from '../wgsl/shader.js';
import { gridLimit, squareSide } from './square.js';
import type { ConvAlgorithm } from './types.js';
import { dispatchSeconds, tiledWork } from './cost.js';

/** Outputs of a thread along rows and along columns. */
const perThread = 2;
/** Steps of K held in workgroup memory at a time. */
const depth = 16;

/**
 * Tiles of input and weights in workgroup memory, element by element, each thread summing 2 rows by 2 columns: any
 * strides and groups, weights as they are, 4.1 KiB of workgroup memory.
 */
export const tiled: ConvAlgorithm = {
  name: 'tiled',
  supports(problem, device) {
    const size = squareSide(device) * perThread;
    const bytes = tileBytes(size);
    if (bytes > device.maxWorkgroupStorage) {
      return `the tiles take ${bytes} bytes of the ${device.maxWorkgroupStorage} of workgroup memory`;
    }
    return gridLimit(implicitConv(problem), size, device);
  },
  cost(problem, device) {
    const size = squareSide(device) * perThread;
    return dispatchSeconds(
      'tiled',
      tiledWork(implicitConv(problem), size, size, convBytes(problem), perThread ** 2),
      device,
    );
  },
  plan(problem, device) {
    const p = implicitConv(problem);
    const size = squareSide(device) * perThread;
    return {
      algorithm: 'tiled',
      variant: `${size}x${size}x${depth}`,
      dispatches: [tiledDispatch(p, device)],
      scratchByteLength: 0,
      packing: plainPacking(p),
      flops: convFlops(problem),
      bytes: convBytes(problem),
    };
  },
};

/** Rows of both tiles are one element longer than `depth`, so that a column of them lies in different banks. */
function tileBytes(size: number): number {
  return 2 * 4 * size * (depth + 1);
}

function tiledDispatch(p: ImplicitGemm, device: DeviceProfile): Dispatch {
  const side = squareSide(device);
  const size = side * perThread;
  const element = storageType(p.elementType, 1);
  const store = storeFragment(p, false);
  const params = implicitParams(p);
  const tile = `array<f32, ${size * (depth + 1)}>`;
  const kernel = shader({
    label: `tiled ${size}x${size}x${depth}`,
    enables: enables(p.elementType),
    bindings: [
      { name: 'input', access: 'read', type: `array<${element}>` },
      { name: 'weights', access: 'read', type: `array<${element}>` },
      ...store.bindings,
    ],
    params,
    workgroupSize: [side, side, 1],
    declarations: [
      `var<workgroup> input_tile: ${tile};`,
      `var<workgroup> weight_tile: ${tile};`,
      placeCode(p),
      store.declarations,
      fetchCode(p),
    ].join('\n'),
    body: tiledBody(side),
  });
  return {
    kernel,
    workgroups: [Math.ceil(p.columns / size), Math.ceil(p.rows / size), p.groups],
    params,
    operands: ['input', 'weights', ...store.operands],
  };
}

/** `k` counts channels inside taps; what lies in the padding or beyond the last row, column or k is zero. */
function fetchCode(p: ImplicitGemm): string {
  const tapRow = p.volume
    ? `let tap_row = tap / params.kernel_width;
  let tap_z = tap_row / params.kernel_height;
  let tap_y = tap_row - tap_z * params.kernel_height;
  let tap_x = tap - tap_row * params.kernel_width;
  let z = i32(place.out_z) * params.stride_z - params.pad_front + i32(tap_z) * params.dilation_z;`
    : `let tap_y = tap / params.kernel_width;
  let tap_x = tap - tap_y * params.kernel_width;`;
  return `
fn fetch_input(group: u32, row: u32, k: u32) -> f32 {
  let tap = k / params.channels;
  let place = locate(row);
  ${tapRow}
  let y = i32(place.out_y) * params.stride_y - params.pad_top + i32(tap_y) * params.dilation_y;
  let x = i32(place.out_x) * params.stride_x - params.pad_left + i32(tap_x) * params.dilation_x;
  if (tap >= params.taps ||${p.volume ? ' z < 0 || z >= params.in_depth ||' : ''} y < 0 || y >= params.in_height || x < 0 || x >= params.in_width) {
    return 0.0;
  }
  let base = params.x_offset + group * params.x_g + place.image * params.x_n;
  let c = k - tap * params.channels;
  return f32(input[base + ${p.volume ? 'u32(z) * params.x_z + ' : ''}u32(y) * params.x_y + u32(x) * params.x_x + c * params.x_c]);
}
fn fetch_weight(group: u32, column: u32, k: u32) -> f32 {
  let tap = k / params.channels;
  if (tap >= params.taps || column >= params.columns) {
    return 0.0;
  }
  let c = k - tap * params.channels;
  return f32(weights[params.w_offset + group * params.w_g + column * params.w_n + tap * params.w_t + c * params.w_c]);
}`;
}

function tiledBody(side: number): string {
  const size = side * perThread;
  const threads = side * side;
  const each = Array.from({ length: perThread }, (_, i) => i);
  const loads = Array.from({ length: (size * depth) / threads }, (_, i) => i);
  const row = depth + 1;
  return [
    'let group = workgroup_id.z;',
    `let first_column = workgroup_id.x * ${size}u;`,
    `let first_row = workgroup_id.y * ${size}u;`,
    'let steps = params.taps * params.channels;',
    ...each.flatMap((i) => each.map((j) => `var sum_${i}_${j} = 0.0;`)),
    `for (var start = 0u; start < steps; start += ${depth}u) {`,
    ...loads.flatMap((i) => [
      `let line_${i} = (local_index + ${i * threads}u) / ${depth}u;`,
      `let k_${i} = (local_index + ${i * threads}u) % ${depth}u;`,
      `let at_${i} = line_${i} * ${row}u + k_${i};`,
      `input_tile[at_${i}] = fetch_input(group, first_row + line_${i}, start + k_${i});`,
      `weight_tile[at_${i}] = fetch_weight(group, first_column + line_${i}, start + k_${i});`,
    ]),
    'workgroupBarrier();',
    `for (var k = 0u; k < ${depth}u; k++) {`,
    ...each.map((i) => `let x_${i} = input_tile[(local_id.y + ${i * side}u) * ${row}u + k];`),
    ...each.map((j) => `let w_${j} = weight_tile[(local_id.x + ${j * side}u) * ${row}u + k];`),
    ...each.flatMap((i) => each.map((j) => `sum_${i}_${j} = fma(x_${i}, w_${j}, sum_${i}_${j});`)),
    '}',
    'workgroupBarrier();',
    '}',
    ...each.flatMap((i) => [
      `let row_${i} = first_row + local_id.y + ${i * side}u;`,
      `if (row_${i} < params.rows) {`,
      `let place = locate(row_${i});`,
      ...each.map((j) => `store(group, place, first_column + local_id.x + ${j * side}u, sum_${i}_${j});`),
      '}',
    ]),
  ].join('\n');
}
