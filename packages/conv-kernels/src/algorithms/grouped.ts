import { convBytes, convFlops } from '../geometry.js';
import { hasVectorOutput, implicitConv, implicitParams, isVectorLayout, type ImplicitGemm } from '../implicit.js';
import { tapPacking } from '../packing/blocks.js';
import type { Dispatch } from '../plan.js';
import type { DeviceProfile } from '../problem.js';
import { enables, placeCode, storageType, storeFragment } from '../wgsl/fragments.js';
import { shader, type Param } from '../wgsl/shader.js';
import { dispatchSeconds, tiledWork } from './cost.js';
import type { ConvAlgorithm } from './types.js';

/** Outputs of a thread along rows. */
const pixels = 4;

/**
 * Convolutions of many narrow groups: neighbouring threads take neighbouring output channels of all groups, four each
 * where groups and layouts allow, so that none idles at the end of a group, and they read weights of all groups side by
 * side.
 */
export const grouped: ConvAlgorithm = {
  name: 'grouped',
  supports(problem, device) {
    if (problem.groups === 1) return 'there is one group';
    const p = implicitConv(problem);
    const { byteLength } = tapPacking(p);
    if (byteLength > device.maxStorageBinding) {
      return `packed weights take ${byteLength} bytes of the ${device.maxStorageBinding} that can be bound`;
    }
    const [x, y] = gridOf(p, device);
    const most = device.maxWorkgroupsPerDimension;
    return Math.max(x, y) <= most || `${x}x${y} workgroups exceed ${most} a dimension`;
  },
  cost(problem, device) {
    const p = implicitConv(problem);
    const { output } = widths(p);
    const kernel = output === 4 ? 'grouped by four' : 'grouped by one';
    return dispatchSeconds(kernel, tiledWork(p, pixels, 1, convBytes(problem), pixels * output), device);
  },
  plan(problem, device) {
    const p = implicitConv(problem);
    const { input, output } = widths(p);
    return {
      algorithm: 'grouped',
      variant: `${threadCount(device)}x${pixels}x${output} by ${input}`,
      dispatches: [groupedDispatch(p, device)],
      scratchByteLength: 0,
      packing: tapPacking(p),
      flops: convFlops(problem),
      bytes: convBytes(problem),
    };
  },
};

/** Channels that a thread reads, and output channels that it sums, at a time. */
function widths(p: ImplicitGemm): { readonly input: 1 | 4; readonly output: 1 | 4 } {
  const output = hasVectorOutput(p) && p.columns % 4 === 0 ? 4 : 1;
  return { input: isVectorLayout(p.input, p.channels) ? 4 : 1, output };
}

function threadCount(device: DeviceProfile): number {
  return device.isSoftware ? Math.max(4, Math.min(16, device.subgroupMaxSize)) : 64;
}

function gridOf(p: ImplicitGemm, device: DeviceProfile): [number, number, number] {
  const blocks = Math.ceil(
    (((p.groups * p.columns) / widths(p).output) * Math.ceil(p.rows / pixels)) / threadCount(device),
  );
  const x = Math.min(blocks, device.maxWorkgroupsPerDimension);
  return [x, Math.ceil(blocks / x), 1];
}

function groupedDispatch(p: ImplicitGemm, device: DeviceProfile): Dispatch {
  const { input, output } = widths(p);
  const store = storeFragment(p, output === 4);
  const workgroups = gridOf(p, device);
  const threads = threadCount(device);
  const params: Param[] = [
    ...implicitParams(p),
    { name: 'group_blocks', type: 'u32', value: p.columns / output },
    { name: 'blocks', type: 'u32', value: (p.groups * p.columns) / output },
    { name: 'grid_x', type: 'u32', value: workgroups[0] },
    { name: 'pixels', type: 'u32', value: pixels },
  ];
  const kernel = shader({
    label: `grouped ${threads}x${pixels}x${output} by ${input}`,
    enables: enables(p.elementType),
    bindings: [
      { name: 'input', access: 'read', type: `array<${storageType(p.elementType, input)}>` },
      { name: 'weights', access: 'read', type: `array<${storageType(p.elementType, output)}>` },
      ...store.bindings,
    ],
    params,
    workgroupSize: [threads, 1, 1],
    declarations: `${placeCode(p)}\n${store.declarations}`,
    body: body(p, threads),
  });
  return { kernel, workgroups, params, operands: ['input', 'weights', ...store.operands] };
}

function body(p: ImplicitGemm, threads: number): string {
  const { input, output } = widths(p);
  const { volume } = p;
  const each = Array.from({ length: pixels }, (_, i) => i);
  const sum = output === 4 ? 'vec4f' : 'f32';
  const value = input === 4 ? 'vec4f' : 'f32';
  const address = input === 4 ? (i: number) => `at_${i} + (c >> 2u)` : (i: number) => `at_${i} + c * params.x_c`;
  return [
    `let index = (workgroup_id.y * params.grid_x + workgroup_id.x) * ${threads}u + local_index;`,
    'let row_block = index / params.blocks;',
    'let block = index - row_block * params.blocks;',
    'let group = block / params.group_blocks;',
    `let first_row = row_block * ${pixels}u;`,
    'if (first_row >= params.rows) {\nreturn;\n}',
    ...each.flatMap((i) => [
      `let place_${i} = locate(first_row + ${i}u);`,
      `let image_${i} = params.x_offset + group * params.x_g + place_${i}.image * params.x_n;`,
      ...(volume ? [`let first_z_${i} = i32(place_${i}.out_z) * params.stride_z - params.pad_front;`] : []),
      `let first_y_${i} = i32(place_${i}.out_y) * params.stride_y - params.pad_top;`,
      `let first_x_${i} = i32(place_${i}.out_x) * params.stride_x - params.pad_left;`,
      `var sum_${i} = ${sum}(0.0);`,
    ]),
    'var w = block;',
    ...(volume ? ['for (var kz = 0u; kz < params.kernel_depth; kz++) {'] : []),
    'for (var ky = 0u; ky < params.kernel_height; ky++) {',
    'for (var kx = 0u; kx < params.kernel_width; kx++) {',
    ...each.flatMap((i) => [
      ...(volume ? [`let z_${i} = first_z_${i} + i32(kz) * params.dilation_z;`] : []),
      `let y_${i} = first_y_${i} + i32(ky) * params.dilation_y;`,
      `let x_${i} = first_x_${i} + i32(kx) * params.dilation_x;`,
      `let in_${i} = ${volume ? `z_${i} >= 0 && z_${i} < params.in_depth && ` : ''}y_${i} >= 0 && y_${i} < params.in_height && x_${i} >= 0 && x_${i} < params.in_width;`,
      `let at_${i} = select(0u, (image_${i} + ${volume ? `u32(z_${i}) * params.x_z + ` : ''}u32(y_${i}) * params.x_y + u32(x_${i}) * params.x_x)${input === 4 ? ' >> 2u' : ''}, in_${i});`,
    ]),
    `for (var c = 0u; c < params.channels; c += ${input}u) {`,
    ...each.map((i) => `let v_${i} = select(${value}(0.0), ${value}(input[${address(i)}]), in_${i});`),
    ...[...'xyzw']
      .slice(0, input)
      .flatMap((lane) => [
        `let w_${lane} = ${sum}(weights[w]);`,
        'w += params.blocks;',
        ...each.map((i) => `sum_${i} = fma(${sum}(v_${i}${input === 4 ? `.${lane}` : ''}), w_${lane}, sum_${i});`),
      ]),
    '}',
    '}',
    '}',
    ...(volume ? ['}'] : []),
    `var sums = array<${sum}, ${pixels}>(${each.map((i) => `sum_${i}`).join(', ')});`,
    `let column = (block - group * params.group_blocks) * ${output}u;`,
    'for (var i = 0u; i < params.pixels; i++) {',
    'if (first_row + i < params.rows) {',
    'store(group, locate(first_row + i), column, sums[i]);',
    '}',
    '}',
  ].join('\n');
}
