import { convBytes, convFlops } from '../geometry.js';
import { implicitConv, implicitParams, isVectorLayout, type GroupedLayout, type ImplicitGemm } from '../implicit.js';
import { tapPacking } from '../packing/blocks.js';
import type { Plan } from '../plan.js';
import type { ConvProblem, DeviceProfile } from '../problem.js';
import { enables, locateCode, storageType, storeFragment } from '../wgsl/fragments.js';
import { shader, type Param } from '../wgsl/shader.js';
import { dispatchSeconds } from './cost.js';
import type { ConvAlgorithm } from './types.js';

/**
 * One filter (or several: a channel multiplier) for each channel. Each thread sums a run of neighbouring outputs of one
 * row, for four channels at a time where the layouts allow, else for one.
 */
export const depthwise: ConvAlgorithm = {
  name: 'depthwise',
  supports(problem, device) {
    if (problem.groups !== problem.inChannels) return 'groups is not inChannels';
    if (problem.groups === 1) return 'there is one channel';
    const [x, y, z] = grid(asChannels(problem), device);
    const most = device.maxWorkgroupsPerDimension;
    return Math.max(x, y, z) <= most || `${x}x${y}x${z} workgroups exceed ${most} a dimension`;
  },
  cost(problem, device) {
    const p = asChannels(problem);
    const lanes = isVector(p) ? 4 : 1;
    const kernel = lanes === 4 ? 'depthwise by four' : 'depthwise by one';
    const run = runLength(p);
    const outputs = (p.rows / p.outWidth) * Math.ceil(p.outWidth / run) * run * p.columns;
    const invocations = outputs / (run * lanes);
    const work = { flops: 2 * outputs * p.taps, outputs, invocations, bytes: convBytes(problem) };
    return dispatchSeconds(kernel, work, device);
  },
  plan(problem, device): Plan {
    const p = asChannels(problem);
    const vector = isVector(p);
    const run = runLength(p);
    const store = storeFragment(p, vector);
    const element = storageType(p.elementType, vector ? 4 : 1);
    const channels = p.columns / (vector ? 4 : 1);
    const params: Param[] = [
      ...implicitParams(p),
      { name: 'multiplier', type: 'u32', value: problem.outChannels / problem.inChannels },
      { name: 'channel_blocks', type: 'u32', value: channels },
      { name: 'runs', type: 'u32', value: Math.ceil(p.outWidth / run) },
      { name: 'out_height', type: 'u32', value: p.outHeight },
      { name: 'run', type: 'u32', value: run },
    ];
    const kernel = shader({
      label: `depthwise ${vector ? 'vec4' : 'scalar'} ${run}`,
      enables: enables(p.elementType),
      bindings: [
        { name: 'input', access: 'read', type: `array<${element}>` },
        { name: 'weights', access: 'read', type: `array<${element}>` },
        ...store.bindings,
      ],
      params,
      workgroupSize: [threadCount(device), 1, 1],
      declarations: `${locateCode}\n${store.declarations}`,
      body: depthwiseBody(vector, run, threadCount(device)),
    });
    return {
      algorithm: 'depthwise',
      variant: `${vector ? 'vec4' : 'scalar'} ${run}`,
      dispatches: [{ kernel, workgroups: grid(p, device), params, operands: ['input', 'weights', ...store.operands] }],
      scratchByteLength: 0,
      packing: tapPacking(p),
      flops: convFlops(problem),
      bytes: convBytes(problem),
    };
  },
};

/** The problem as one group whose columns are all output channels. */
function asChannels(problem: ConvProblem): ImplicitGemm {
  const p = implicitConv(problem);
  const flat = (layout: GroupedLayout): GroupedLayout => ({ ...layout, g: 0 });
  return {
    ...p,
    groups: 1,
    columns: problem.outChannels,
    input: flat(p.input),
    output: flat(p.output),
    residual: p.residual && flat(p.residual),
    biasGroup: 0,
  };
}

function isVector(p: ImplicitGemm): boolean {
  const layouts = [p.input, p.output, ...(p.residual ? [p.residual] : [])];
  return layouts.every((layout) => isVectorLayout(layout, p.columns)) && inputChannels(p) === p.columns;
}

function inputChannels(p: ImplicitGemm): number {
  return p.weights.g === p.taps ? p.columns : (p.columns * p.taps) / p.weights.g;
}

/** Outputs of one thread: neighbours share loads of the filter. */
function runLength(p: ImplicitGemm): number {
  return p.outWidth >= 4 ? 4 : p.outWidth >= 2 ? 2 : 1;
}

function threadCount(device: DeviceProfile): number {
  return device.isSoftware ? 8 : 64;
}

function grid(p: ImplicitGemm, device: DeviceProfile): [number, number, number] {
  const channels = p.columns / (isVector(p) ? 4 : 1);
  const runs = Math.ceil(p.outWidth / runLength(p));
  return [Math.ceil((channels * runs) / threadCount(device)), p.outHeight, p.batch];
}

function depthwiseBody(vector: boolean, run: number, threads: number): string {
  const sum = vector ? 'vec4f' : 'f32';
  const scale = vector ? ' >> 2u' : '';
  const positions = Array.from({ length: run }, (_, i) => i);
  const column = vector ? 'block * 4u' : 'block';
  const inputChannel = vector ? column : 'block / params.multiplier * params.x_c';
  return [
    `let index = workgroup_id.x * ${threads}u + local_index;`,
    'let at = index / params.channel_blocks;',
    'let block = index - at * params.channel_blocks;',
    'if (at >= params.runs) {\nreturn;\n}',
    `let out_x = at * ${run}u;`,
    'let first_y = i32(workgroup_id.y) * params.stride_y - params.pad_top;',
    `let base = params.x_offset + workgroup_id.z * params.x_n + ${inputChannel};`,
    ...positions.map((i) => `var sum_${i} = ${sum}(0.0);`),
    ...positions.map((i) => `let first_x_${i} = i32(out_x + ${i}u) * params.stride_x - params.pad_left;`),
    'for (var ky = 0u; ky < params.kernel_height; ky++) {',
    'let iy = first_y + i32(ky) * params.dilation_y;',
    'if (iy >= 0 && iy < params.in_height) {',
    'let row = base + u32(iy) * params.x_y;',
    'for (var kx = 0u; kx < params.kernel_width; kx++) {',
    'let shift = i32(kx) * params.dilation_x;',
    `let w = ${sum}(weights[((ky * params.kernel_width + kx) * params.columns + ${column})${scale}]);`,
    ...positions.flatMap((i) => [
      `let ix_${i} = first_x_${i} + shift;`,
      `let in_${i} = ix_${i} >= 0 && ix_${i} < params.in_width;`,
      `let x_${i} = select(0u, row + u32(ix_${i}) * params.x_x, in_${i});`,
      `sum_${i} += select(${sum}(0.0), ${sum}(input[x_${i}${scale}]), in_${i}) * w;`,
    ]),
    '}',
    '}',
    '}',
    `var sums = array<${sum}, ${run}>(${positions.map((i) => `sum_${i}`).join(', ')});`,
    'for (var i = 0u; i < params.run; i++) {',
    'if (out_x + i < params.out_width) {',
    `store(0u, Place(workgroup_id.z, workgroup_id.y, out_x + i), ${column}, sums[i]);`,
    '}',
    '}',
  ].join('\n');
}
