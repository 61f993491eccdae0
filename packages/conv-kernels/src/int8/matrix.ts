import { bandwidth, launchSeconds } from '../algorithms/cost.js';
import { ceilingsOf } from '../ceilings.js';
import { implicitParams } from '../implicit.js';
import type { Dispatch, Plan } from '../plan.js';
import type { DeviceProfile } from '../problem.js';
import { placeCode } from '../wgsl/fragments.js';
import { shader, type Param } from '../wgsl/shader.js';
import type { Int8Algorithm } from './algorithm.js';
import { packInput } from './dot-packing.js';
import { needsInputSums, packsInput, wordParams } from './dot.js';
import { inputPixels, type Int8Shape } from './implicit.js';
import { int8MatrixBody } from './matrix-body.js';
import {
  int8MatrixPacking,
  int8MatrixShape,
  matrixWeights,
  stageVectors,
  workgroupRows,
  type Int8MatrixShape,
} from './matrix-shape.js';
import { weightSize } from './packing.js';
import { int8Params, storeInt8Fragment, zeroFragment } from './store.js';

/** Multiply-adds at the f32 ceiling that the kernel is taken to reach: a guess below what f16 matrices reach, which nobody timed. */
const guessedShare = 0.6;

/**
 * Products of signed bytes on matrix units with exact i32 sums, where the device lists i8 matrices. With x shifted into the
 * signed range and a its zero point there, the sum of (x - a) * w is the sum of x * w less a * sum(w); padding is a.
 */
export const int8Matrix: Int8Algorithm = {
  name: 'int8-matrix',
  supports(shape, device) {
    const { gemm, arithmetic } = shape;
    const units = int8MatrixShape(device);
    if (typeof units === 'string') return units;
    if (gemm.volume) return 'the convolution has three spatial dimensions';
    if (!arithmetic.constantWeights) return 'the weights are not constant';
    if (needsInputSums(shape)) return 'the weights have zero points, or are unsigned';
    const threads = units.subgroups * units.lanes;
    if (threads > Math.min(device.maxInvocationsPerWorkgroup, device.maxWorkgroupSizeX)) {
      return `${threads} invocations exceed what a workgroup may have`;
    }
    const memory = 16 * (stageVectors(units).total + workgroupRows(units));
    if (memory > device.maxWorkgroupStorage) return `${memory} bytes exceed the memory of a workgroup`;
    for (const bytes of [16 * matrixWeights(gemm, units).vectors, scratchBytes(shape)]) {
      if (bytes > device.maxStorageBinding)
        return `${bytes} bytes of the ${device.maxStorageBinding} that can be bound`;
    }
    const grid = matrixGrid(shape, units);
    const most = device.maxWorkgroupsPerDimension;
    return Math.max(...grid) <= most || `${grid.join('x')} workgroups exceed ${most} a dimension`;
  },
  cost(shape, device) {
    const units = int8MatrixShape(device);
    if (typeof units === 'string') return Infinity;
    const { gemm } = shape;
    const { channels, columns } = matrixWeights(gemm, units);
    const rows = Math.ceil(gemm.rows / workgroupRows(units)) * workgroupRows(units);
    const flops = 2 * gemm.groups * rows * columns * channels * gemm.taps;
    const moved = (shape.bytes + 5 * scratchBytes(shape)) / bandwidth(device);
    const dispatches = packsInput(shape) ? 2 : 1;
    return dispatches * launchSeconds(device) + flops / (guessedShare * ceilingsOf(device).f32Flops) + moved;
  },
  plan(shape, device) {
    const units = int8MatrixShape(device);
    if (typeof units === 'string') throw new Error(units);
    return planInt8Matrix(shape, units, device);
  },
};

/** The plan by matrices and a tile of that shape. */
export function planInt8Matrix(shape: Int8Shape, units: Int8MatrixShape, device: DeviceProfile): Plan {
  const product = productDispatch(shape, units);
  return {
    algorithm: 'int8-matrix',
    variant: tileName(units),
    dispatches: packsInput(shape) ? [packInput(shape, device), product] : [product],
    scratchByteLength: scratchBytes(shape),
    packing: int8MatrixPacking(shape, units),
    flops: shape.flops,
    bytes: shape.bytes,
  };
}

function tileName(units: Int8MatrixShape): string {
  return `${workgroupRows(units)}x${units.columns}x${units.depth} of ${units.m}x${units.n}x${units.k}`;
}

/** Packed input, in whole vec4s of words; none where the input lies as words already. */
function scratchBytes(shape: Int8Shape): number {
  const { batch, groups } = shape.gemm;
  const words = batch * inputPixels(shape.gemm) * groups * weightSize(shape).channelWords;
  return packsInput(shape) ? 16 * Math.ceil(words / 4) : 0;
}

function matrixGrid({ gemm }: Int8Shape, units: Int8MatrixShape): [number, number, number] {
  return [Math.ceil(gemm.columns / units.columns), Math.ceil(gemm.rows / workgroupRows(units)), gemm.groups];
}

function productDispatch(shape: Int8Shape, units: Int8MatrixShape): Dispatch {
  const { gemm } = shape;
  const packed = matrixWeights(gemm, units);
  const zeros = zeroFragment(shape);
  const store = storeInt8Fragment(shape);
  const u32 = (name: string, value: number): Param => ({ name, type: 'u32', value });
  const params: Param[] = [
    ...implicitParams(gemm),
    ...int8Params(shape),
    ...wordParams(shape),
    u32('channel_words', weightSize(shape).channelWords),
    u32('w_channels', packed.channels),
    u32('w_columns', packed.columns),
    u32('sums_at', packed.sumsAt),
  ];
  const kernel = shader({
    label: `int8-matrix ${tileName(units)}`,
    enables: [
      'subgroups',
      ...(units.pinsLanes ? (['subgroup_size_control'] as const) : []),
      'chromium_experimental_subgroup_matrix',
    ],
    bindings: [
      { name: 'input_words', access: 'read', type: 'array<u32>' },
      { name: 'weight_words', access: 'read', type: 'array<vec4<u32>>' },
      ...zeros.bindings,
      ...store.bindings,
    ],
    params,
    workgroupSize: [units.subgroups * units.lanes, 1, 1],
    subgroups: units.pinsLanes ? { size: units.lanes } : {},
    declarations: [
      placeCode(gemm),
      `var<workgroup> stage: array<vec4u, ${stageVectors(units).total}>;`,
      `var<workgroup> origins: array<vec4i, ${workgroupRows(units)}>;`,
      zeros.declarations,
      store.declarations,
    ].join('\n'),
    body: int8MatrixBody(shape, units),
  });
  return {
    kernel,
    workgroups: matrixGrid(shape, units),
    params,
    operands: [packsInput(shape) ? 'scratch' : 'input', 'weights', ...zeros.operands, ...store.operands],
  };
}
