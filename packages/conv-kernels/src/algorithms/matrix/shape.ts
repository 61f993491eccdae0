import type { ImplicitGemm } from '../../implicit.js';
import type { DeviceProfile, SubgroupMatrixConfig } from '../../problem.js';

/** A workgroup's share of a product on matrix units, and each subgroup's share of that, in whole matrices. */
export interface MatrixTile {
  readonly rows: number;
  readonly columns: number;
  /** Of K, in workgroup memory at a time. */
  readonly depth: number;
  readonly subgroupRows: number;
  readonly subgroupColumns: number;
  /**
   * Whether the loads of the next slice are spread over the products of this one, all of which are written out; else they go
   * before the products, and these are in a loop, which compiles several times faster.
   */
  readonly spread?: boolean;
}

/** How a kernel multiplies: the matrices of the device, and what of the operands goes through them. */
export interface MatrixUnits {
  /** The factors' type; sums are f32. */
  readonly type: 'f16' | 'f32';
  /** 2 where each f32 operand is taken as a sum of two f16. */
  readonly parts: 1 | 2;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** Invocations of a subgroup. */
  readonly lanes: number;
  /** Whether the kernel must ask for that size, the device having several. */
  readonly pinsLanes: boolean;
}

/** Everything the text of a kernel depends on beside the problem's layouts. */
export interface MatrixShape {
  readonly tile: MatrixTile;
  readonly units: MatrixUnits;
  /** Workgroups that share K; above 1 partial sums go to scratch. */
  readonly splits: number;
}

/** Elements of a factor in a vec4u. */
export function lanesPerVector(units: MatrixUnits): number {
  return units.type === 'f16' ? 8 : 4;
}

/** Subgroups of a workgroup. */
function subgroupCount(tile: MatrixTile): number {
  return (tile.rows / tile.subgroupRows) * (tile.columns / tile.subgroupColumns);
}

/** Invocations of a workgroup. */
export function matrixThreads(tile: MatrixTile, units: MatrixUnits): number {
  return subgroupCount(tile) * units.lanes;
}

/** Where things lie in workgroup memory, in vec4u. Rows are padded by one against bank conflicts. */
export interface StageLayout {
  readonly inputStride: number;
  readonly inputPart: number;
  readonly weightStride: number;
  readonly weightPart: number;
  /** Where the weights begin, after the parts of the input. */
  readonly weights: number;
  /** All of one slice. */
  readonly size: number;
  /** Of a row of sums, f32. */
  readonly sumStride: number;
  /** Rows of matrices that each subgroup hands to the epilogue at a time. */
  readonly sumMatrices: number;
  readonly total: number;
}

/** The layout of workgroup memory for a tile. */
export function stageLayout(tile: MatrixTile, units: MatrixUnits): StageLayout {
  const each = lanesPerVector(units);
  const inputStride = tile.depth / each + 1;
  const weightStride = tile.columns / each + 1;
  const inputPart = tile.rows * inputStride;
  const weightPart = tile.depth * weightStride;
  const size = units.parts * (inputPart + weightPart);
  const sumStride = tile.columns / 4 + 1;
  const onePass = (tile.rows / tile.subgroupRows) * units.m * sumStride;
  const matrices = tile.subgroupRows / units.m;
  let sumMatrices = matrices;
  while (sumMatrices > 1 && (matrices % sumMatrices !== 0 || sumMatrices * onePass > size)) sumMatrices--;
  return {
    inputStride,
    inputPart,
    weightStride,
    weightPart,
    weights: units.parts * inputPart,
    size,
    sumStride,
    sumMatrices,
    total: Math.max(size, sumMatrices * onePass),
  };
}

/** Bytes of workgroup memory, with the word that shares the range of the input. */
export function matrixMemory(tile: MatrixTile, units: MatrixUnits): number {
  return 16 * stageLayout(tile, units).total + (units.parts === 2 ? 16 : 0);
}

/** A tile as reports name it: the workgroup's, and a subgroup's share. */
export function matrixTileName(tile: MatrixTile): string {
  const { rows, columns, depth, subgroupRows, subgroupColumns } = tile;
  return `${rows}x${columns}x${depth}/${subgroupRows}x${subgroupColumns}`;
}

/**
 * The matrix units for operands of a storage type, or why there are none. Of several shapes that with most arithmetic
 * for what it reads is taken. f32 operands go through f32 matrices where there are any, else through pairs of f16.
 */
export function matrixUnits(device: DeviceProfile, storage: 'f32' | 'f16'): MatrixUnits | string {
  if (device.subgroupMatrixConfigs.length === 0) return 'the device has no subgroup matrices';
  const lanes = subgroupLanes(device);
  if (lanes === undefined) return 'the device has subgroups of several sizes and no control of them';
  const usable = (type: string): SubgroupMatrixConfig | undefined =>
    [...device.subgroupMatrixConfigs]
      .filter((c) => c.componentType === type && c.resultComponentType === 'f32')
      .sort((a, b) => b.M * b.N * b.K - a.M * a.N * a.K)[0];
  const isWhole = storage === 'f32' && usable('f32') !== undefined;
  const type = isWhole ? 'f32' : 'f16';
  const config = usable(type);
  if (!config) return `the device multiplies no ${storage} matrices with sums in f32`;
  if (type === 'f16' && !device.hasF16) return 'the device has no shader-f16';
  const { M: m, N: n, K: k } = config;
  const pinsLanes = device.subgroupMinSize !== device.subgroupMaxSize;
  return { type, parts: type === storage ? 1 : 2, m, n, k, lanes, pinsLanes };
}

/** The size of subgroups to work with: the only one there is, or else 32, or the nearest to it. */
export function subgroupLanes(device: DeviceProfile): number | undefined {
  const { subgroupMinSize: least, subgroupMaxSize: most, hasSubgroupSizeControl } = device;
  if (least === most) return most > 0 ? most : undefined;
  return hasSubgroupSizeControl ? Math.min(Math.max(least, 32), most) : undefined;
}

/** Slices of K of a problem: a slice lies in one tap. */
export function matrixSlices(p: ImplicitGemm, depth: number): number {
  return p.taps * Math.ceil(p.channels / depth);
}

/** The WGSL types of the factors and sums. */
export function matrixTypes({ units }: MatrixShape): {
  readonly left: string;
  readonly right: string;
  readonly sum: string;
} {
  const { type, m, n, k } = units;
  return {
    left: `subgroup_matrix_left<${type}, ${k}, ${m}>`,
    right: `subgroup_matrix_right<${type}, ${n}, ${k}>`,
    sum: `subgroup_matrix_result<f32, ${n}, ${m}>`,
  };
}

/** The sums of a subgroup: matrix i, j of its share. */
export function sums({ tile, units }: MatrixShape): readonly { i: number; j: number; name: string }[] {
  const across = tile.subgroupColumns / units.n;
  return Array.from({ length: (tile.subgroupRows / units.m) * across }, (_, at) => {
    const [i, j] = [Math.floor(at / across), at % across];
    return { i, j, name: `sum_${i}_${j}` };
  });
}
