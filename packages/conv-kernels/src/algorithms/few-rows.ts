import { convBytes, convFlops, gemmBytes, gemmFlops } from '../geometry.js';
import {
  hasVectorOutput,
  implicitConv,
  implicitGemm,
  implicitParams,
  isVectorLayout,
  type ImplicitGemm,
} from '../implicit.js';
import type { GemmAlgorithm } from '../gemm.js';
import { blockPacking } from '../packing/blocks.js';
import type { Dispatch, Plan } from '../plan.js';
import type { DeviceProfile } from '../problem.js';
import { enables, locateCode, storageType, storeFragment } from '../wgsl/fragments.js';
import { shader, type Param } from '../wgsl/shader.js';
import { bandwidth, dispatchSeconds, launchSeconds } from './cost.js';
import { storeQuad } from './tiled-kernel.js';
import type { ConvAlgorithm } from './types.js';

/** Beyond these, weights would be read too often. */
const mostRows = 32;

/**
 * Rows that a workgroup sums side by side, so that each weight it loads serves all of them. CPU adapters spell out each
 * access to workgroup memory lane by lane, and take minutes to compile as many.
 */
function rowsAtOnce({ isSoftware }: DeviceProfile): number {
  return isSoftware ? 1 : 4;
}

/** Seconds of one turn of the loop over K, whose loads nothing hides, and the workgroups that a GPU has under way. */
const turnSeconds = 7e-7;
const resident = 1000;

/**
 * 1x1 convolutions of one pixel, and matrix products of a few rows: squeeze-and-excitation, the last layer at small
 * batches. One workgroup forms four columns: its threads share K, and add up their parts in workgroup memory at the end.
 */
export const fewRows: ConvAlgorithm = {
  name: 'few-rows',
  supports(problem, device) {
    if (problem.depth) return 'the convolution has three spatial dimensions';
    if (problem.constantWeights === false) return 'the weights are not constant';
    return fewRowsLimit(implicitConv(problem), device);
  },
  cost: (problem, device) => seconds(implicitConv(problem), device),
  plan: (problem, device) => planFewRows(implicitConv(problem), device, convFlops(problem), convBytes(problem)),
};

/** The same for matrix products. */
export const fewRowsGemm: GemmAlgorithm = {
  name: 'few-rows',
  supports(problem, device, constantB) {
    return constantB ? fewRowsLimit(implicitGemm(problem), device) : 'B is not constant';
  },
  cost: (problem, device) => seconds(implicitGemm(problem), device),
  plan: (problem, device) => planFewRows(implicitGemm(problem), device, gemmFlops(problem), gemmBytes(problem)),
};

function fewRowsLimit(p: ImplicitGemm, device: DeviceProfile): true | string {
  if (p.taps !== 1 || p.padded) return 'the kernel is not 1x1 without padding';
  if (p.rows > mostRows) return `there are ${p.rows} rows; it takes at most ${mostRows}`;
  const [x, , z] = gridOf(p, device);
  const most = device.maxWorkgroupsPerDimension;
  return x <= most && z <= most ? true : `[${x}, ${z}] workgroups exceed the ${most} of one dimension`;
}

function gridOf(p: ImplicitGemm, device: DeviceProfile): [number, number, number] {
  return [Math.ceil(p.columns / 4), Math.ceil(p.rows / rowsAtOnce(device)), p.groups];
}

/** Enough threads that each takes a few steps of K, a power of two. */
function threadsOf(p: ImplicitGemm, device: DeviceProfile): number {
  const wanted = 2 ** Math.ceil(Math.log2(Math.max(1, p.channels / 16)));
  return Math.min(256, device.maxInvocationsPerWorkgroup, Math.max(32, wanted));
}

function seconds(p: ImplicitGemm, device: DeviceProfile): number {
  const weightBytes = p.groups * p.columns * p.channels * (p.elementType === 'f16' ? 2 : 4);
  const outputs = p.groups * p.rows * p.columns;
  const flops = 2 * outputs * p.channels;
  // Barriers cost a CPU adapter more than loads that nothing shares.
  const direct = dispatchSeconds('direct', { flops, outputs, invocations: outputs, bytes: weightBytes }, device);
  if (device.isSoftware) return 2 * direct;
  const [x, y, z] = gridOf(p, device);
  const step = isVectorLayout(p.input, p.channels) ? 4 : 1;
  const turns = 1 + Math.ceil(p.channels / (step * threadsOf(p, device)));
  const waves = Math.ceil((x * y * z) / resident);
  const shared = turns * waves * turnSeconds + weightBytes / bandwidth(device);
  // A thread alone with all of K takes longer than its operations: never slower than half of that.
  return Math.min(launchSeconds(device) + shared, direct / 2);
}

function planFewRows(p: ImplicitGemm, device: DeviceProfile, flops: number, bytes: number): Plan {
  return {
    algorithm: 'few-rows',
    variant: '',
    dispatches: [dispatch(p, device)],
    scratchByteLength: 0,
    packing: blockPacking(p, 4),
    flops,
    bytes,
  };
}

function dispatch(p: ImplicitGemm, device: DeviceProfile): Dispatch {
  const vector = isVectorLayout(p.input, p.channels);
  const threads = threadsOf(p, device);
  const rows = Math.min(p.rows, rowsAtOnce(device));
  const vectorOutput = hasVectorOutput(p);
  const store = storeFragment(p, vectorOutput);
  const params: Param[] = [
    ...implicitParams(p),
    { name: 'column_blocks', type: 'u32', value: Math.ceil(p.columns / 4) },
  ];
  const kernel = shader({
    label: `few-rows ${threads}x${rows}`,
    enables: enables(p.elementType),
    consts: { THREADS: threads, ROWS: rows },
    bindings: [
      { name: 'input', access: 'read', type: `array<${storageType(p.elementType, vector ? 4 : 1)}>` },
      { name: 'weights', access: 'read', type: `array<${storageType(p.elementType, 4)}>` },
      ...store.bindings,
    ],
    params,
    workgroupSize: [threads, 1, 1],
    declarations: `${locateCode}\n${store.declarations}\nvar<workgroup> parts: array<vec4f, THREADS * ROWS>;`,
    body: body(rows, rowsAtOnce(device), vector, vectorOutput),
  });
  return { kernel, workgroups: gridOf(p, device), params, operands: ['input', 'weights', ...store.operands] };
}

function body(rowCount: number, rowsPerGroup: number, vector: boolean, vectorOutput: boolean): string {
  const rows = Array.from({ length: rowCount }, (_, i) => i);
  const start = (i: number) =>
    `params.x_offset + group * params.x_g + place_${i}.image * params.x_n + place_${i}.out_y * u32(params.stride_y) * params.x_y + place_${i}.out_x * u32(params.stride_x) * params.x_x`;
  const step = vector ? 4 : 1;
  const input = (i: number) => (vector ? `vec4f(input[(x_${i} + k) >> 2u])` : `f32(input[x_${i} + k * params.x_c])`);
  const products = Array.from({ length: step }, (_, l) => [
    `let w_${l} = vec4f(weights[w + k + ${l}u]);`,
    ...rows.map((i) => `sum_${i} = fma(vec4f(v_${i}${vector ? `.${'xyzw'[l]}` : ''}), w_${l}, sum_${i});`),
  ]).flat();
  return [
    'let group = workgroup_id.z;',
    `let first_row = workgroup_id.y * ${rowsPerGroup}u;`,
    ...rows.flatMap((i) => [
      `let place_${i} = locate(first_row + ${i}u);`,
      `let x_${i} = ${start(i)};`,
      `var sum_${i} = vec4f(0.0);`,
    ]),
    'let w = (group * params.column_blocks + workgroup_id.x) * params.channels;',
    `for (var k = local_index * ${step}u; k < params.channels; k += THREADS * ${step}u) {`,
    ...rows.map((i) => `let v_${i} = ${input(i)};`),
    ...products,
    '}',
    ...rows.map((i) => `parts[local_index * ROWS + ${i}u] = sum_${i};`),
    'workgroupBarrier();',
    'for (var half = THREADS / 2u; half > 0u; half /= 2u) {',
    'if (local_index < half) {',
    'for (var i = 0u; i < ROWS; i++) {',
    'parts[local_index * ROWS + i] += parts[(local_index + half) * ROWS + i];',
    '}',
    '}',
    'workgroupBarrier();',
    '}',
    'if (local_index < ROWS && first_row + local_index < params.rows) {',
    'let place = locate(first_row + local_index);',
    'let sum = parts[local_index];',
    storeQuad(vectorOutput, 'workgroup_id.x * 4u', 'sum'),
    '}',
  ].join('\n');
}
