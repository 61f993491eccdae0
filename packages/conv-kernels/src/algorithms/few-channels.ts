import { convBytes, convFlops } from '../geometry.js';
import { hasVectorOutput, implicitConv, implicitParams, type ImplicitGemm } from '../implicit.js';
import { blockPacking } from '../packing.js';
import type { Dispatch } from '../plan.js';
import type { DeviceProfile } from '../problem.js';
import { enables, locateCode, storageType, storeFragment } from '../wgsl/fragments.js';
import { shader, type Param } from '../wgsl/shader.js';
import { dispatchSeconds } from './cost.js';
import type { ConvAlgorithm } from './types.js';
import { sharesWeights } from './winograd-products.js';

/** Neighbouring outputs of a thread. */
const pixels = 4;
/** Output channels of a thread. */
const columns = 16;
/** Inputs of one line that a thread holds at most. */
const longestLine = 32;

/**
 * The first layer of a network: up to four input channels in any layout. Each thread sums four neighbouring outputs by
 * sixteen channels; of each channel and line of the filter it reads the inputs that its outputs share once.
 */
export const fewChannels: ConvAlgorithm = {
  name: 'few-channels',
  supports(problem, device) {
    if (problem.groups !== 1) return 'there are groups';
    if (problem.inChannels > 4) return 'there are more than 4 input channels';
    const p = implicitConv(problem);
    if (lineLength(p) > longestLine)
      return `${pixels} outputs see ${lineLength(p)} inputs a line, more than ${longestLine}`;
    const { byteLength } = packingFor(p, device);
    if (byteLength > device.maxStorageBinding) {
      return `packed weights take ${byteLength} bytes of the ${device.maxStorageBinding} that can be bound`;
    }
    const grid = gridOf(p, device);
    const most = device.maxWorkgroupsPerDimension;
    return Math.max(...grid) <= most || `${grid.join('x')} workgroups exceed ${most} a dimension`;
  },
  cost(problem, device) {
    const p = implicitConv(problem);
    const [runs, blocks] = gridOf(p, device);
    const outputs = runs * threadCount(device) * pixels * blocks * columns;
    const work = { flops: 2 * outputs * p.channels * p.taps, outputs, bytes: convBytes(problem) };
    return dispatchSeconds('few-channels', work, device);
  },
  plan(problem, device) {
    const p = implicitConv(problem);
    return {
      algorithm: 'few-channels',
      variant: `${threadCount(device)}x${pixels}x${columns}`,
      dispatches: [fewChannelsDispatch(p, device)],
      scratchByteLength: 0,
      packing: packingFor(p, device),
      flops: convFlops(problem),
      bytes: convBytes(problem),
    };
  },
};

function threadCount(device: DeviceProfile): number {
  return sharesWeights(device) ? device.subgroupMaxSize : 64;
}

/** Inputs of one line that the outputs of a thread see. */
function lineLength(p: ImplicitGemm): number {
  return (pixels - 1) * p.strideWidth + (p.kernelWidth - 1) * p.dilationWidth + 1;
}

/** Whole runs of lanes may be read beyond the last weight. */
function packingFor(p: ImplicitGemm, device: DeviceProfile): ReturnType<typeof blockPacking> {
  return blockPacking(p, columns, sharesWeights(device) ? 4 * device.subgroupMaxSize : 0);
}

function runsPerLine(p: ImplicitGemm): number {
  return Math.ceil(p.outWidth / pixels);
}

function gridOf(p: ImplicitGemm, device: DeviceProfile): [number, number, number] {
  const runs = p.batch * p.outHeight * runsPerLine(p);
  return [Math.ceil(runs / threadCount(device)), Math.ceil(p.columns / columns), 1];
}

function fewChannelsDispatch(p: ImplicitGemm, device: DeviceProfile): Dispatch {
  const vector = hasVectorOutput(p);
  const store = storeFragment(p, vector);
  const threads = threadCount(device);
  const workgroups = gridOf(p, device);
  const params: Param[] = [
    ...implicitParams(p),
    { name: 'runs', type: 'u32', value: p.batch * p.outHeight * runsPerLine(p) },
    { name: 'line_runs', type: 'u32', value: runsPerLine(p) },
    { name: 'out_height', type: 'u32', value: p.outHeight },
    { name: 'pixels', type: 'u32', value: pixels },
    { name: 'line', type: 'u32', value: lineLength(p) },
  ];
  const kernel = shader({
    label: `few-channels ${threads}x${pixels}x${columns}`,
    enables: [...enables(p.elementType), ...(sharesWeights(device) ? (['subgroups'] as const) : [])],
    bindings: [
      { name: 'input', access: 'read', type: `array<${storageType(p.elementType, 1)}>` },
      { name: 'weights', access: 'read', type: `array<${storageType(p.elementType, 4)}>` },
      ...store.bindings,
    ],
    params,
    workgroupSize: [threads, 1, 1],
    declarations: `${locateCode}\n${store.declarations}`,
    body: body(p, device, vector),
  });
  return { kernel, workgroups, params, operands: ['input', 'weights', ...store.operands] };
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

function body(p: ImplicitGemm, device: DeviceProfile, vector: boolean): string {
  const quads = range(columns / 4);
  const sums = range(pixels).flatMap((i) => quads.map((j) => `sum_${i}_${j}`));
  const loadBound = device.isSoftware ? 'params.line' : `${lineLength(p)}u`;
  return [
    ...(sharesWeights(device) ? ['let lane = subgroupExclusiveAdd(1u);'] : []),
    `let first_column = workgroup_id.y * ${columns}u;`,
    'let run = min(global_id.x, params.runs - 1u);',
    'let line_index = run / params.line_runs;',
    `let out_x = (run - line_index * params.line_runs) * ${pixels}u;`,
    'let image = line_index / params.out_height;',
    'let out_y = line_index - image * params.out_height;',
    'let first_y = i32(out_y) * params.stride_y - params.pad_top;',
    'let first_x = i32(out_x) * params.stride_x - params.pad_left;',
    'let base = params.x_offset + image * params.x_n;',
    ...sums.map((sum) => `var ${sum} = vec4f(0.0);`),
    `var line: array<f32, ${lineLength(p)}>;`,
    'for (var ky = 0u; ky < params.kernel_height; ky++) {',
    'let y = first_y + i32(ky) * params.dilation_y;',
    'let in_y = y >= 0 && y < params.in_height;',
    'for (var c = 0u; c < params.channels; c++) {',
    'let at = base + select(0u, u32(y), in_y) * params.x_y + c * params.x_c;',
    `for (var i = 0u; i < ${loadBound}; i++) {`,
    'let x = first_x + i32(i);',
    'let in_x = in_y && x >= 0 && x < params.in_width;',
    'line[i] = select(0.0, f32(input[at + select(0u, u32(x), in_x) * params.x_x]), in_x);',
    '}',
    `let w = (workgroup_id.y * params.taps * params.channels + ky * params.kernel_width * params.channels + c) * ${columns / 4}u;`,
    ...taps(p, device),
    '}',
    '}',
    `var sums = array<vec4f, ${sums.length}>(${sums.join(', ')});`,
    `let used = min(${columns}u, params.columns - first_column)${vector ? ' >> 2u' : ''};`,
    'if (global_id.x < params.runs) {',
    'for (var i = 0u; i < min(params.pixels, params.out_width - out_x); i++) {',
    'for (var j = 0u; j < used; j++) {',
    vector
      ? `store(0u, Place(image, out_y, out_x + i), first_column + 4u * j, sums[i * ${columns / 4}u + j]);`
      : `store(0u, Place(image, out_y, out_x + i), first_column + j, sums[i * ${columns / 4}u + (j >> 2u)][j & 3u]);`,
    '}',
    '}',
    '}',
  ].join('\n');
}

/** The products of one channel and line of the filter; weights lie [tap][channel][column]. */
function taps(p: ImplicitGemm, device: DeviceProfile): string[] {
  const quads = columns / 4;
  const shared = sharesWeights(device);
  const all = range(p.kernelWidth).flatMap((kx) => range(quads).map((j) => ({ kx, j })));
  const address = (kx: string, j: string): string => `weights[w + ${kx} * params.channels * ${quads}u + ${j}]`;
  const lanes = device.subgroupMaxSize;
  const loads = shared
    ? range(Math.ceil(all.length / lanes)).flatMap((i) => [
        `let quad_${i} = min(${i * lanes}u + lane, ${all.length - 1}u);`,
        `let w_lanes_${i} = vec4f(${address(`(quad_${i} / ${quads}u)`, `quad_${i} % ${quads}u`)});`,
      ])
    : [];
  return [
    ...loads,
    ...all.flatMap(({ kx, j }) => {
      const index = kx * quads + j;
      const weight = shared
        ? `subgroupBroadcast(w_lanes_${Math.floor(index / lanes)}, ${index % lanes}u)`
        : `vec4f(${address(`${kx}u`, `${j}u`)})`;
      return [
        `let q_${kx}_${j} = ${weight};`,
        ...range(pixels).map(
          (i) => `sum_${i}_${j} += line[${i * p.strideWidth + kx * p.dilationWidth}] * q_${kx}_${j};`,
        ),
      ];
    }),
  ];
}
