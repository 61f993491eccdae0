import { subgroupLanes } from '../algorithms/matrix/shape.js';
import type { ImplicitGemm } from '../implicit.js';
import type { WeightPacking } from '../plan.js';
import type { DeviceProfile } from '../problem.js';
import type { Int8Shape } from './implicit.js';
import { signedShift } from './store.js';

/** The i8 matrices of a device, with sums in i32. */
export interface Int8MatrixUnits {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** Invocations of a subgroup. */
  readonly lanes: number;
  /** Whether the kernel must ask for subgroups of that size. */
  readonly pinsLanes: boolean;
}

/** A workgroup's share of a product, and each subgroup's share of that. */
export interface Int8MatrixTile {
  readonly rows: number;
  readonly columns: number;
  /** Channels of one tap in workgroup memory at a time; a multiple of 16. */
  readonly depth: number;
  readonly subgroupRows: number;
  readonly subgroupColumns: number;
}

/** How a kernel multiplies on i8 matrices, and what each workgroup takes. */
export interface Int8MatrixShape {
  readonly units: Int8MatrixUnits;
  readonly tile: Int8MatrixTile;
}

/** The matrices to multiply by on a device, or why there are none. */
export function int8MatrixUnits(device: DeviceProfile): Int8MatrixUnits | string {
  const configs = device.subgroupMatrixConfigs
    .filter((c) => c.componentType === 'i8' && c.resultComponentType === 'i32')
    .filter(({ N, K }) => N % 4 === 0 && K % 16 === 0)
    .sort((a, b) => b.M * b.N * b.K - a.M * a.N * a.K);
  if (configs.length === 0) return 'the device multiplies no i8 matrices with sums in i32';
  const lanes = subgroupLanes(device);
  if (lanes === undefined) return 'the device has subgroups of several sizes and no control of them';
  const [{ M: m, N: n, K: k }] = configs;
  return { m, n, k, lanes, pinsLanes: device.subgroupMinSize !== device.subgroupMaxSize };
}

/** Invocations of a workgroup. */
export function int8MatrixThreads({ tile, units }: Int8MatrixShape): number {
  return (tile.rows / tile.subgroupRows) * (tile.columns / tile.subgroupColumns) * units.lanes;
}

/** Vectors of 16 bytes, of input and of weights, that each invocation stages of a slice. */
export function int8StagingCounts(shape: Int8MatrixShape): { readonly input: number; readonly weights: number } {
  const { rows, columns, depth } = shape.tile;
  const threads = int8MatrixThreads(shape);
  return { input: (rows * depth) / 16 / threads, weights: (columns * depth) / 16 / threads };
}

/** Where things lie in workgroup memory, in vec4u: rows of the input, then columns of the weights, channels innermost in both. */
export interface Int8Stage {
  /** From line to line; one more than a line has, against bank conflicts. */
  readonly stride: number;
  /** Where the weights begin. */
  readonly weights: number;
  /** From row to row of sums. */
  readonly sumStride: number;
  /** Rows of matrices that each subgroup hands to the epilogue at a time. */
  readonly sumMatrices: number;
  readonly total: number;
}

export function int8Stage({ tile, units }: Int8MatrixShape): Int8Stage {
  const stride = tile.depth / 16 + 1;
  const slice = (tile.rows + tile.columns) * stride;
  const sumStride = tile.columns / 4 + 1;
  const onePass = (tile.rows / tile.subgroupRows) * units.m * sumStride;
  let sumMatrices = 1;
  while (sumMatrices < tile.subgroupRows / units.m && 2 * sumMatrices * onePass <= slice) sumMatrices *= 2;
  return {
    stride,
    weights: tile.rows * stride,
    sumStride,
    sumMatrices,
    total: Math.max(slice, sumMatrices * onePass),
  };
}

/** Whether a tile is made of whole matrices, every invocation stages as much as the others, and the device holds it. */
export function int8TileFits(shape: Int8MatrixShape, device: DeviceProfile): boolean {
  const { tile, units } = shape;
  const { input, weights } = int8StagingCounts(shape);
  const threads = int8MatrixThreads(shape);
  const storing = ((tile.rows / tile.subgroupRows) * units.m * (tile.columns / 4)) / threads;
  const multiplying = [tile.subgroupRows / units.m, tile.subgroupColumns / units.n, tile.depth / units.k];
  const whole = [...multiplying, input, weights, storing];
  return (
    whole.every((value) => value >= 1 && Number.isInteger(value)) &&
    threads <= Math.min(device.maxInvocationsPerWorkgroup, device.maxWorkgroupSizeX) &&
    16 * int8Stage(shape).total <= device.maxWorkgroupStorage
  );
}

/** A tile as reports name it: the workgroup's, and a subgroup's share. */
export function int8TileName({ rows, columns, depth, subgroupRows, subgroupColumns }: Int8MatrixTile): string {
  return `${rows}x${columns}x${depth}/${subgroupRows}x${subgroupColumns}`;
}

/** Where packed weights lie: columns padded to whole tiles; the sums of columns begin at `sumsAt`, in vec4u. */
export interface Int8MatrixWeights {
  /** Slices of K of one group; each lies in one tap. */
  readonly slices: number;
  readonly columns: number;
  readonly sumsAt: number;
  readonly vectors: number;
}

export function matrixWeights(p: ImplicitGemm, tile: Int8MatrixTile): Int8MatrixWeights {
  const slices = p.taps * Math.ceil(p.channels / tile.depth);
  const columns = Math.ceil(p.columns / tile.columns) * tile.columns;
  const sumsAt = (p.groups * slices * columns * tile.depth) / 16;
  return { slices, columns, sumsAt, vectors: sumsAt + (p.groups * columns) / 4 };
}

/**
 * Weights as signed bytes, [group][slice of channels][tap][column][channel of the slice], then the sum of each column,
 * [group][column]; zeros fill up channels and columns.
 */
export function int8MatrixPacking({ gemm, arithmetic }: Int8Shape, tile: Int8MatrixTile): WeightPacking {
  const { groups, columns, channels, taps, weights: w } = gemm;
  const packed = matrixWeights(gemm, tile);
  const { depth } = tile;
  const shift = signedShift(arithmetic.weightType);
  return {
    key: `int8-matrix-${arithmetic.weightType}-${depth}-${groups}x${columns}/${packed.columns}x${channels}x${taps}-${w.g}.${w.n}.${w.c}.${w.t}`,
    byteLength: packed.vectors * 16,
    pack(values) {
      const bytes = new Int8Array(packed.vectors * 16);
      const sums = new Int32Array(bytes.buffer, packed.sumsAt * 16);
      for (let g = 0; g < groups; g++) {
        for (let n = 0; n < columns; n++) {
          for (let t = 0; t < taps; t++) {
            for (let c = 0; c < channels; c++) {
              const slice = g * packed.slices + Math.floor(c / depth) * taps + t;
              const value = values[g * w.g + n * w.n + c * w.c + t * w.t] - shift;
              bytes[(slice * packed.columns + n) * depth + (c % depth)] = value;
              sums[g * packed.columns + n] += value;
            }
          }
        }
      }
      return new Uint32Array(bytes.buffer);
    },
  };
}
