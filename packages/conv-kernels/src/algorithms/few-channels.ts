import { convBytes, convFlops } from '../geometry.js';
import { hasVectorOutput, implicitConv, implicitParams, type ImplicitGemm } from '../implicit.js';
import type { Dispatch } from '../plan.js';
import type { DeviceProfile } from '../problem.js';
import { enables, inputStorageType, locateCode, storageType, storeFragment } from '../wgsl/fragments.js';
import { shader, type Param } from '../wgsl/shader.js';
import { dispatchSeconds } from './cost.js';
import { columns, lineEnables, lineLength, lineLimit, linePacking, lineSums, pixels } from './few-channels-lines.js';
import type { ConvAlgorithm } from './types.js';
import { sharesWeights } from './winograd-products.js';

/**
 * The first layer of a network: up to four input channels in any layout. Each thread sums four neighbouring outputs by
 * sixteen channels; of each channel and line of the filter it reads the inputs that its outputs share once.
 */
export const fewChannels: ConvAlgorithm = {
  name: 'few-channels',
  readsF32: true,
  supports(problem, device) {
    const p = implicitConv(problem);
    const limit = lineLimit(p, device);
    if (limit !== undefined) return limit;
    const grid = gridOf(p, device);
    const most = device.maxWorkgroupsPerDimension;
    return Math.max(...grid) <= most || `${grid.join('x')} workgroups exceed ${most} a dimension`;
  },
  cost(problem, device) {
    const p = implicitConv(problem);
    const [runs, blocks] = gridOf(p, device);
    const invocations = runs * threadCount(device) * blocks;
    const outputs = invocations * pixels * columns;
    const work = { flops: 2 * outputs * p.channels * p.taps, outputs, invocations, bytes: convBytes(problem) };
    return dispatchSeconds('few-channels', work, device);
  },
  plan(problem, device) {
    const p = implicitConv(problem);
    return {
      algorithm: 'few-channels',
      variant: `${threadCount(device)}x${pixels}x${columns}`,
      dispatches: [fewChannelsDispatch(p, device)],
      scratchByteLength: 0,
      packing: linePacking(p, device),
      flops: convFlops(problem),
      bytes: convBytes(problem),
    };
  },
};

function threadCount(device: DeviceProfile): number {
  return sharesWeights(device) ? device.subgroupMaxSize : 64;
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
    enables: [...enables(p.elementType), ...lineEnables(device)],
    bindings: [
      { name: 'input', access: 'read', type: `array<${inputStorageType(p, 1)}>` },
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

function body(p: ImplicitGemm, device: DeviceProfile, vector: boolean): string {
  return [
    'let block = workgroup_id.y;',
    `let first_column = block * ${columns}u;`,
    'let run = min(global_id.x, params.runs - 1u);',
    'let line_index = run / params.line_runs;',
    `let out_x = (run - line_index * params.line_runs) * ${pixels}u;`,
    'let image = line_index / params.out_height;',
    'let out_y = line_index - image * params.out_height;',
    'let first_y = i32(out_y) * params.stride_y - params.pad_top;',
    'let first_x = i32(out_x) * params.stride_x - params.pad_left;',
    lineSums(p, device),
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
