import { hasVectorOutput, hasVectorWeights, implicitParams, isVectorLayout, type ImplicitGemm } from '../implicit.js';
import type { Dispatch } from '../plan.js';
import type { DeviceProfile } from '../problem.js';
import { enables, inputStorageType, locateCode, storageType, storeFragment } from '../wgsl/fragments.js';
import { shader, type Binding, type Param } from '../wgsl/shader.js';
import { tiledBody, tiledDeclarations } from './tiled-body.js';

/** A workgroup's share: rows x columns of the output, `depth` of K at a time; each thread sums threadRows x threadColumns. */
export interface Tile {
  readonly rows: number;
  readonly columns: number;
  /** A multiple of 4. */
  readonly depth: number;
  readonly threadRows: number;
  /** 4 or 8. */
  readonly threadColumns: number;
}

/** How a tiled kernel reads and writes: chosen from the problem, written into the text. */
export interface TiledShape {
  readonly tile: Tile;
  /** Input read four channels at a time, one tap a slice of K; else element by element, K flattened over taps. */
  readonly vectorInput: boolean;
  /** Weights packed in blocks of tile.columns; else as the problem says. */
  readonly packed: boolean;
  /** Weights read four columns at a time. */
  readonly vectorWeights: boolean;
  readonly vectorOutput: boolean;
  /** Parts of K summed by different workgroups; above 1 partial sums go to scratch. */
  readonly splits: number;
}

/** Threads of a workgroup. */
export function tileThreads(tile: Tile): number {
  return (tile.rows / tile.threadRows) * (tile.columns / tile.threadColumns);
}

/** Bytes of workgroup memory: input rows padded by one vec4 against bank conflicts, and weights. */
export function tileMemory(tile: Tile): number {
  return 16 * (tile.rows * (tile.depth / 4 + 1) + (tile.depth * tile.columns) / 4);
}

/** Slices of K that a problem has with a depth. */
export function sliceCount(p: ImplicitGemm, depth: number): number {
  if (!isVectorLayout(p.input, p.channels)) return Math.ceil((p.taps * p.channels) / depth);
  return p.taps * Math.ceil(p.channels / depth);
}

/** The shape of the kernel for a problem. */
export function tiledShape(p: ImplicitGemm, tile: Tile, packed: boolean, splits: number): TiledShape {
  return {
    tile,
    vectorInput: isVectorLayout(p.input, p.channels),
    packed,
    vectorWeights: packed || hasVectorWeights(p),
    vectorOutput: hasVectorOutput(p),
    splits,
  };
}

/** Workgroups of the first dispatch. */
export function tiledGrid(p: ImplicitGemm, tile: Tile, splits: number): readonly [number, number, number] {
  return [Math.ceil(p.rows / tile.rows), Math.ceil(p.columns / tile.columns), p.groups * splits];
}

/** Why so many workgroups are beyond the device, or undefined. */
export function gridLimit(grid: readonly number[], device: DeviceProfile): string | undefined {
  const most = device.maxWorkgroupsPerDimension;
  return Math.max(...grid) > most ? `${grid.join('x')} workgroups exceed ${most} a dimension` : undefined;
}

/**
 * The dispatches of a tiled implicit GEMM, or why the grid does not fit. Tiles of input and weights go through
 * workgroup memory; the next slice of K is on its way from storage to registers while the current one is summed.
 * With `splits`, a second dispatch adds the partial sums in a fixed order, so that results are the same every run.
 */
export function tiledDispatches(p: ImplicitGemm, shape: TiledShape, device: DeviceProfile): Dispatch[] | string {
  const { tile, splits } = shape;
  const grid = tiledGrid(p, tile, splits);
  const tooLarge = gridLimit(grid, device);
  if (tooLarge) return tooLarge;
  const slices = sliceCount(p, tile.depth);
  const params: Param[] = [
    ...implicitParams(p),
    { name: 'slices', type: 'u32', value: slices },
    { name: 'slices_per_split', type: 'u32', value: Math.ceil(slices / splits) },
    { name: 'groups', type: 'u32', value: p.groups },
    { name: 'column_blocks', type: 'u32', value: grid[1] },
  ];
  const store = storeFragment(p, shape.vectorOutput);
  const direct = splits === 1;
  const partial: Binding = { name: 'scratch', access: 'read_write', type: 'array<vec4<f32>>' };
  const kernel = shader({
    label: `implicit-gemm ${tileName(tile)}${direct ? '' : ' split'}`,
    enables: enables(p.elementType),
    bindings: [
      { name: 'input', access: 'read', type: `array<${inputStorageType(p, shape.vectorInput ? 4 : 1)}>` },
      { name: 'weights', access: 'read', type: `array<${storageType(p.elementType, shape.vectorWeights ? 4 : 1)}>` },
      ...(direct ? store.bindings : [partial]),
    ],
    params,
    workgroupSize: [tileThreads(tile), 1, 1],
    declarations: [locateCode, direct ? store.declarations : '', tiledDeclarations(p, shape)].join('\n'),
    body: tiledBody(shape),
  });
  const main: Dispatch = {
    kernel,
    workgroups: grid,
    params,
    operands: ['input', 'weights', ...(direct ? store.operands : (['scratch'] as const))],
  };
  return direct ? [main] : [main, reduceDispatch(p, shape, device)];
}

/** A tile as reports name it. */
export function tileName(tile: Tile): string {
  return `${tile.rows}x${tile.columns}x${tile.depth}`;
}

/** Bytes of partial sums: [split][group][row][column, padded to 4]. */
export function partialBytes(p: ImplicitGemm, splits: number): number {
  return splits === 1 ? 0 : 16 * splits * p.groups * p.rows * Math.ceil(p.columns / 4);
}

function reduceDispatch(p: ImplicitGemm, shape: TiledShape, device: DeviceProfile): Dispatch {
  const store = storeFragment(p, shape.vectorOutput);
  const threads = 64;
  const quads = Math.ceil(p.columns / 4);
  const blocks = Math.ceil((p.rows * quads) / threads);
  const gridX = Math.min(blocks, device.maxWorkgroupsPerDimension);
  const params: Param[] = [
    ...implicitParams(p),
    { name: 'splits', type: 'u32', value: shape.splits },
    { name: 'quads', type: 'u32', value: quads },
    { name: 'groups', type: 'u32', value: p.groups },
    { name: 'grid_x', type: 'u32', value: gridX },
  ];
  const kernel = shader({
    label: 'implicit-gemm reduce',
    enables: enables(p.elementType),
    bindings: [{ name: 'scratch', access: 'read', type: 'array<vec4<f32>>' }, ...store.bindings],
    params,
    workgroupSize: [threads, 1, 1],
    declarations: `${locateCode}\n${store.declarations}`,
    body: `
  let index = (workgroup_id.y * params.grid_x + workgroup_id.x) * ${threads}u + local_index;
  let group = workgroup_id.z;
  let row = index / params.quads;
  let quad = index - row * params.quads;
  if (row >= params.rows) {
    return;
  }
  let step = params.groups * params.rows * params.quads;
  var at = (group * params.rows + row) * params.quads + quad;
  var sum = vec4f(0.0);
  for (var split = 0u; split < params.splits; split++) {
    sum += scratch[at];
    at += step;
  }
  let place = locate(row);
  ${storeQuad(shape.vectorOutput, 'quad * 4u', 'sum')}`,
  });
  return {
    kernel,
    workgroups: [gridX, Math.ceil(blocks / gridX), p.groups],
    params,
    operands: ['scratch', ...store.operands],
  };
}

/** WGSL that stores four columns' sums. */
export function storeQuad(vector: boolean, column: string, sum: string): string {
  if (vector) return `store(group, place, ${column}, ${sum});`;
  return [0, 1, 2, 3].map((l) => `store(group, place, ${column} + ${l}u, ${sum}.${'xyzw'[l]});`).join('\n');
}
