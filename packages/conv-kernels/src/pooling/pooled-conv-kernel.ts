import { lineEnables, lineLength, lineSums, pixels } from '../algorithms/few-channels-lines.js';
import { sharesWeights } from '../algorithms/winograd-products.js';
import { implicitConv, implicitParams, isVectorLayout, type GroupedLayout } from '../implicit.js';
import type { Dispatch } from '../plan.js';
import type { ActivationLayout, DeviceProfile } from '../problem.js';
import { activationCode, floatLiteral } from '../wgsl/activation.js';
import { enables, inputStorageType, storageType } from '../wgsl/fragments.js';
import { shader, type Binding, type Param } from '../wgsl/shader.js';
import type { PooledConvProblem } from './pooled-conv.js';

/** Rows and columns of windows that a workgroup takes, at most. */
const largestTile = 16;

/** Bytes of workgroup memory that a workgroup takes at most, so that several run side by side. */
const mostMemory = 16_384;

/** A workgroup's share: windows, and the outputs of the convolution that they see, in runs of four along a row. */
export interface PooledTile {
  readonly rows: number;
  readonly columns: number;
  readonly convRows: number;
  readonly runs: number;
  readonly threads: number;
  /** Output channels, all of which each thread computes. */
  readonly channels: number;
}

function tileOf(
  { pool }: PooledConvProblem,
  [rows, across, channels]: readonly [number, number, number],
  device: DeviceProfile,
): PooledTile {
  const convRows = (rows - 1) * pool.stride[0] + pool.kernel[0];
  const runs = Math.ceil(((across - 1) * pool.stride[1] + pool.kernel[1]) / pixels);
  const lanes = sharesWeights(device) ? device.subgroupMaxSize : 32;
  return { rows, columns: across, convRows, runs, threads: Math.ceil((convRows * runs) / lanes) * lanes, channels };
}

/** Bytes of a tile's results in workgroup memory. */
function tileMemory({ convRows, runs, channels }: PooledTile): number {
  return 4 * channels * convRows * runs * pixels;
}

/** Workgroups: tiles of the windows of all images, and blocks of channels. */
function tileGrid({ conv, pool }: PooledConvProblem, tile: PooledTile): readonly [number, number, number] {
  const tiles = Math.ceil(pool.output[0] / tile.rows) * Math.ceil(pool.output[1] / tile.columns);
  return [conv.batch * tiles, Math.ceil(conv.outChannels / tile.channels), 1];
}

/** Invocations of all workgroups. */
export function tileInvocations(problem: PooledConvProblem, tile: PooledTile): number {
  return tileGrid(problem, tile).reduce((product, size) => product * size, tile.threads);
}

/** Output channels of a thread: with fewer, more threads share the work of a single image on a GPU. */
const channelBlocks = { software: [16], gpu: [16, 8] } as const;

/**
 * Of each number of channels a thread may take, the tile with the fewest threads over all workgroups, so that least is
 * computed twice or in vain; none where none fits.
 */
export function pooledTiles(problem: PooledConvProblem, device: DeviceProfile): readonly PooledTile[] {
  const sizes = Array.from({ length: largestTile }, (_, i) => i + 1);
  const memory = Math.min(mostMemory, device.maxWorkgroupStorage);
  const threads = Math.min(256, device.maxInvocationsPerWorkgroup, device.maxWorkgroupSizeX);
  return channelBlocks[device.isSoftware ? 'software' : 'gpu'].flatMap((channels) => {
    const fitting = sizes
      .flatMap((rows) => sizes.map((across) => tileOf(problem, [rows, across, channels], device)))
      .filter((tile) => tile.threads <= threads && tileMemory(tile) <= memory)
      .filter((tile) => Math.max(...tileGrid(problem, tile)) <= device.maxWorkgroupsPerDimension);
    const total = (tile: PooledTile): number => tileInvocations(problem, tile);
    return fitting.length === 0 ? [] : [fitting.reduce((best, tile) => (total(tile) < total(best) ? tile : best))];
  });
}

/**
 * Every workgroup computes the results that its windows see, with their epilogue, in workgroup memory, and stores the
 * maxima. Results outside the convolution's output are the lowest finite value, as a maximum begins with.
 */
export function pooledConvKernel(problem: PooledConvProblem, tile: PooledTile, device: DeviceProfile): Dispatch {
  const { conv, pool } = problem;
  const p = implicitConv(conv);
  const quads = tile.channels / 4;
  const output = groupedLayout(problem.output, [conv.batch, conv.outChannels, ...pool.output]);
  const vector = isVectorLayout(output, p.columns);
  const tilesAcross = Math.ceil(pool.output[1] / tile.columns);
  const tilesDown = Math.ceil(pool.output[0] / tile.rows);
  const u32 = (values: Record<string, number>): Param[] =>
    Object.entries(values).map(([name, value]) => ({ name, type: 'u32', value }));
  const params: Param[] = [
    ...implicitParams({ ...p, output }),
    ...u32({ line: lineLength(p), out_height: p.outHeight, tiles_x: tilesAcross, tiles: tilesAcross * tilesDown }),
    ...u32({ pooled_height: pool.output[0], pooled_width: pool.output[1], items: tile.rows * tile.columns * quads }),
    ...u32({ pool_height: pool.kernel[0], pool_width: pool.kernel[1], quads }),
    ...u32({ pool_stride_y: pool.stride[0], pool_stride_x: pool.stride[1], pixels }),
    { name: 'pool_pad_y', type: 'i32', value: pool.padBegin[0] },
    { name: 'pool_pad_x', type: 'i32', value: pool.padBegin[1] },
  ];
  const bias: readonly Binding[] = conv.epilogue.bias ? [{ name: 'bias', access: 'read', type: 'array<f32>' }] : [];
  const kernel = shader({
    label: `few-channels-pool ${tile.rows}x${tile.columns}x${tile.channels}`,
    enables: [...enables(p.elementType), ...lineEnables(device)],
    consts: {
      THREADS: tile.threads,
      RUNS: tile.runs,
      CONV_ROWS: tile.convRows,
      CONV_COLUMNS: tile.runs * pixels,
      ROWS: tile.rows,
      COLUMNS: tile.columns,
      QUADS: quads,
      LOWEST: floatLiteral(-Infinity),
    },
    bindings: [
      { name: 'input', access: 'read', type: `array<${inputStorageType(p, 1)}>` },
      { name: 'weights', access: 'read', type: `array<${storageType(p.elementType, 4)}>` },
      ...bias,
      { name: 'output', access: 'read_write', type: `array<${storageType(p.elementType, vector ? 4 : 1)}>` },
    ],
    params,
    workgroupSize: [tile.threads, 1, 1],
    declarations: [
      activationCode(p.activation, 'vec4<f32>'),
      'var<workgroup> results: array<vec4f, CONV_ROWS * CONV_COLUMNS * QUADS>;',
    ].join('\n'),
    body: [
      placeCode,
      lineSums(p, device, tile.channels),
      resultsCode(conv.epilogue.bias, device),
      maximaCode(device, pool.kernel, storageType(p.elementType, vector ? 4 : 1), vector),
    ].join('\n'),
  });
  const operands = ['input', 'weights', ...bias.map(() => 'bias' as const), 'output'] as const;
  return { kernel, workgroups: tileGrid(problem, tile), params, operands };
}

function groupedLayout({ offset, strides }: ActivationLayout, dims: readonly number[]): GroupedLayout {
  const [n, c, y, x] = strides.map((stride, i) => (dims[i] === 1 ? 0 : stride));
  return { offset, g: 0, n, c: dims[1] === 1 ? strides[1] : c, z: 0, y, x };
}

/** Which run of results a thread computes; those beyond the tile compute the last one again. */
const placeCode = `
let block = workgroup_id.y;
let image = workgroup_id.x / params.tiles;
let tile = workgroup_id.x - image * params.tiles;
let tile_y = tile / params.tiles_x;
let first_row = tile_y * ROWS;
let first_window = (tile - tile_y * params.tiles_x) * COLUMNS;
let cell = min(local_index, CONV_ROWS * RUNS - 1u);
let row = cell / RUNS;
let run = cell - row * RUNS;
let conv_y = i32(first_row * params.pool_stride_y + row) - params.pool_pad_y;
let conv_x = i32(first_window * params.pool_stride_x + run * 4u) - params.pool_pad_x;
let first_y = conv_y * params.stride_y - params.pad_top;
let first_x = conv_x * params.stride_x - params.pad_left;`;

/** Compilers of CPU adapters take long over loops that they unroll; those of GPUs keep an array in registers only so. */
function resultsCode(hasBias: boolean, device: DeviceProfile): string {
  const [quadCount, pixelCount] = device.isSoftware ? ['params.quads', 'params.pixels'] : ['QUADS', `${pixels}u`];
  const bias = `
  let column = (block * QUADS + j) * 4u;
  let last = params.columns - 1u;
  let added = vec4f(bias[min(column, last)], bias[min(column + 1u, last)], bias[min(column + 2u, last)], bias[min(column + 3u, last)]);`;
  return `
let is_row = conv_y >= 0 && conv_y < i32(params.out_height);
for (var j = 0u; j < ${quadCount}; j++) {${hasBias ? bias : ''}
  for (var i = 0u; i < ${pixelCount}; i++) {
    let x = conv_x + i32(i);
    let is_result = is_row && x >= 0 && x < i32(params.out_width);
    let value = activate(sums[i * QUADS + j]${hasBias ? ' + added' : ''});
    results[(row * CONV_COLUMNS + run * 4u + i) * QUADS + j] = select(vec4f(LOWEST), value, is_result);
  }
}
workgroupBarrier();`;
}

function maximaCode(
  device: DeviceProfile,
  kernel: readonly [number, number],
  storage: string,
  vector: boolean,
): string {
  const [high, wide] = device.isSoftware ? ['params.pool_height', 'params.pool_width'] : kernel.map((k) => `${k}u`);
  const store = vector
    ? `output[(y + column) >> 2u] = ${storage}(value);`
    : `for (var l = 0u; l < min(4u, params.columns - column); l++) {
        output[y + (column + l) * params.y_c] = ${storage}(value[l]);
      }`;
  return `
for (var item = local_index; item < params.items; item += THREADS) {
  let quad = item % QUADS;
  let window = item / QUADS;
  let window_y = window / COLUMNS;
  let window_x = window - window_y * COLUMNS;
  var value = vec4f(LOWEST);
  for (var ky = 0u; ky < ${high}; ky++) {
    let at = (window_y * params.pool_stride_y + ky) * CONV_COLUMNS + window_x * params.pool_stride_x;
    for (var kx = 0u; kx < ${wide}; kx++) {
      value = max(value, results[(at + kx) * QUADS + quad]);
    }
  }
  let out_y = first_row + window_y;
  let out_x = first_window + window_x;
  let column = (block * QUADS + quad) * 4u;
  if (out_y < params.pooled_height && out_x < params.pooled_width && column < params.columns) {
    let y = params.y_offset + image * params.y_n + out_y * params.y_y + out_x * params.y_x;
    ${store}
  }
}`;
}
