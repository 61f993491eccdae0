import { elementBytes, layoutEnd } from '../geometry.js';
import { hasVectorOutput, implicitGemm, implicitParams, isVectorLayout, type ImplicitGemm } from '../implicit.js';
import { blockPacking } from '../packing/blocks.js';
import type { Dispatch, WeightPacking } from '../plan.js';
import type { DeviceProfile } from '../problem.js';
import { storeQuad } from '../algorithms/tiled-kernel.js';
import { enables, locateCode, storageType, storeFragment } from '../wgsl/fragments.js';
import { shader, type Param } from '../wgsl/shader.js';
import type { AveragedProductProblem } from './averaged-product.js';

/** Output columns of a workgroup: every workgroup forms all means, so that few of them read the input again. */
const columns = 16;
const columnQuads = columns / 4;

/** Neighbouring threads that read neighbouring channels, at least: whole lines of the cache. */
const leastUnits = 8;

/** Bytes of a vec4f. */
const vectorBytes = 16;

/** Threads of a workgroup. */
export function averagedProductThreads(device: DeviceProfile): number {
  return device.isSoftware ? 16 : Math.min(256, 2 ** Math.floor(Math.log2(device.maxInvocationsPerWorkgroup)));
}

/** Workgroups that share an image's columns. */
export function averagedProductBlocks(p: AveragedProductProblem): number {
  return Math.ceil(p.columns / columns);
}

/** Why the kernel cannot do a problem; undefined where it can. */
export function averagedProductLimit(p: AveragedProductProblem, device: DeviceProfile): string | undefined {
  const bytes = vectorBytes * (averagedProductThreads(device) + Math.ceil(p.channels / 4));
  if (bytes > device.maxWorkgroupStorage) {
    return `the means take ${bytes} bytes of workgroup memory, of which there are ${device.maxWorkgroupStorage}`;
  }
  const { byteLength } = averagedProductPacking(p);
  if (byteLength > device.maxStorageBinding) {
    return `packed weights take ${byteLength} bytes of the ${device.maxStorageBinding} that can be bound`;
  }
  const end = layoutEnd(p.input, dimsOf(p));
  if (end * elementBytes(p.elementType) > device.maxStorageBinding) return 'the input is larger than what can be bound';
  const groups = Math.max(averagedProductBlocks(p), p.batch);
  const most = device.maxWorkgroupsPerDimension;
  return groups > most ? `${groups} workgroups exceed ${most} a dimension` : undefined;
}

function dimsOf({ batch, channels, height, width }: AveragedProductProblem): readonly number[] {
  return [batch, channels, height, width];
}

/** The product as a matrix product whose rows are images; its input is laid out as the problem's. */
function implicit(p: AveragedProductProblem): ImplicitGemm {
  const { channels, output, weights } = p;
  const gemm = implicitGemm({
    batch: 1,
    m: p.batch,
    n: p.columns,
    k: channels,
    elementType: p.elementType,
    f32Output: p.f32Output,
    a: { offset: 0, batchStride: 0, rowStride: channels, columnStride: 1 },
    b: { offset: 0, batchStride: 0, rowStride: weights.channelStride, columnStride: weights.columnStride },
    c: { ...output, batchStride: 0 },
    epilogue: p.epilogue,
  });
  const dims = dimsOf(p);
  const [n, c, y, x] = p.input.strides.map((stride, i) => (dims[i] === 1 ? 0 : stride));
  const step = p.width === 1 ? y : x;
  const input = { offset: p.input.offset, g: 0, n, c: channels === 1 ? 1 : c, z: 0, y, x: step };
  return { ...gemm, inHeight: p.height, inWidth: p.width, input };
}

export function averagedProductPacking(p: AveragedProductProblem): WeightPacking {
  return blockPacking(implicit(p), columns);
}

/** Room for the means, four at a time: a power of two where the device has it, so that layers share a text. */
function meansHeld(p: AveragedProductProblem, device: DeviceProfile): number {
  const most = Math.floor(device.maxWorkgroupStorage / vectorBytes) - averagedProductThreads(device);
  return Math.min(most, 2 ** Math.ceil(Math.log2(Math.ceil(p.channels / 4))));
}

/**
 * Threads that share the positions of one channel: as many as make the longest chain of loads shortest, where every
 * thread takes four channels of some positions at a time. Of a few numbers, since each makes a text of its own.
 */
function positionLanes(p: AveragedProductProblem, threads: number): number {
  const units = Math.ceil(p.channels / 4);
  const turns = (lanes: number) => Math.ceil((units * lanes) / threads) * (Math.ceil((p.height * p.width) / lanes) + 2);
  return [1, 4, 16]
    .filter((lanes) => lanes * leastUnits <= threads)
    .reduce((best, lanes) => (turns(lanes) < turns(best) ? lanes : best));
}

/**
 * Every workgroup forms the means of all channels of one image in workgroup memory, then its columns of the product:
 * there its threads share the channels, and add up their parts.
 */
export function averagedProductKernel(p: AveragedProductProblem, device: DeviceProfile): Dispatch {
  const gemm = implicit(p);
  const threads = averagedProductThreads(device);
  const lanes = positionLanes(p, threads);
  const vector = isVectorLayout(gemm.input, p.channels);
  const vectorOutput = hasVectorOutput(gemm);
  const store = storeFragment(gemm, vectorOutput);
  const params: Param[] = [
    ...implicitParams(gemm),
    { name: 'units', type: 'u32', value: Math.ceil(p.channels / 4) },
    { name: 'threads', type: 'u32', value: threads },
    { name: 'lanes', type: 'u32', value: lanes },
    { name: 'positions', type: 'u32', value: p.height * p.width },
    { name: 'width', type: 'u32', value: p.width },
  ];
  const kernel = shader({
    label: `averaged-product ${threads}/${lanes}`,
    enables: enables(p.elementType),
    consts: {
      THREADS: threads,
      LANES: lanes,
      MEANS: meansHeld(p, device),
      UNITS_AT_ONCE: threads / lanes,
      QUADS: columnQuads,
    },
    bindings: [
      { name: 'input', access: 'read', type: `array<${storageType(p.elementType, vector ? 4 : 1)}>` },
      { name: 'weights', access: 'read', type: `array<${storageType(p.elementType, 4)}>` },
      ...store.bindings,
    ],
    params,
    workgroupSize: [threads, 1, 1],
    declarations: [
      locateCode,
      store.declarations,
      loadCode(p, vector),
      'var<workgroup> means: array<vec4f, MEANS>;',
      'var<workgroup> parts: array<vec4f, THREADS>;',
    ].join('\n'),
    body: `${meansCode}\n${productCode(p.channels, vectorOutput)}`,
  });
  const workgroups = [averagedProductBlocks(p), p.batch, 1] as const;
  return { kernel, workgroups, params, operands: ['input', 'weights', ...store.operands] };
}

/** Four channels of a position; those beyond the last are 0. */
function loadCode({ height, width, input }: AveragedProductProblem, vector: boolean): string {
  const [, , y, x] = input.strides;
  const isRun = height === 1 || width === 1 || y === width * x;
  const place = isRun
    ? 'let at = base + position * params.x_x;'
    : 'let row = position / params.width;\n  let at = base + row * params.x_y + (position - row * params.width) * params.x_x;';
  const channel = (l: number): string =>
    `select(0.0, f32(input[at + min(4u * unit + ${l}u, params.channels - 1u) * params.x_c]), 4u * unit + ${l}u < params.channels)`;
  const value = vector ? 'vec4f(input[(at >> 2u) + unit])' : `vec4f(${[0, 1, 2, 3].map(channel).join(', ')})`;
  return `fn load(base: u32, unit: u32, position: u32) -> vec4f {\n  ${place}\n  return ${value};\n}`;
}

const meansCode = `
let image = workgroup_id.y;
let base = params.x_offset + image * params.x_n;
let position_lane = local_index / UNITS_AT_ONCE;
for (var first = 0u; first < params.units; first += UNITS_AT_ONCE) {
  let unit = first + local_index % UNITS_AT_ONCE;
  var sum = vec4f(0.0);
  if (unit < params.units) {
    var i = position_lane;
    for (; i + 3u * LANES < params.positions; i += 4u * LANES) {
      let a = load(base, unit, i) + load(base, unit, i + LANES);
      let b = load(base, unit, i + 2u * LANES) + load(base, unit, i + 3u * LANES);
      sum += a + b;
    }
    for (; i < params.positions; i += LANES) {
      sum += load(base, unit, i);
    }
  }
  parts[local_index] = sum;
  workgroupBarrier();
  if (position_lane == 0u && unit < params.units) {
    for (var lane = 1u; lane < params.lanes; lane++) {
      sum += parts[lane * UNITS_AT_ONCE + local_index];
    }
    means[unit] = sum / f32(params.positions);
  }
  workgroupBarrier();
}`;

function productCode(channels: number, vectorOutput: boolean): string {
  const product = (l: number): string => {
    const sum = `sum = fma(vec4f(mean.${'xyzw'[l]}), vec4f(weights[w + (4u * unit + ${l}u) * QUADS]), sum);`;
    return l === 0 || channels % 4 === 0 ? sum : `if (4u * unit + ${l}u < params.channels) { ${sum} }`;
  };
  return `
let quad = local_index % QUADS;
let w = workgroup_id.x * params.channels * QUADS + quad;
var sum = vec4f(0.0);
for (var unit = local_index / QUADS; unit < params.units; unit += THREADS / QUADS) {
  let mean = means[unit];
  ${[0, 1, 2, 3].map(product).join('\n  ')}
}
parts[local_index] = sum;
workgroupBarrier();
for (var half = params.threads / 2u; half >= QUADS; half /= 2u) {
  if (local_index < half) {
    parts[local_index] += parts[local_index + half];
  }
  workgroupBarrier();
}
if (local_index < QUADS) {
  let group = 0u;
  let place = locate(image);
  let sum = parts[local_index];
  ${storeQuad(vectorOutput, '4u * (workgroup_id.x * QUADS + quad)', 'sum')}
}`;
}
