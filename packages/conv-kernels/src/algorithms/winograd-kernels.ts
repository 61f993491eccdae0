import { implicitParams, isVectorLayout, hasVectorOutput, type ImplicitGemm } from '../implicit.js';
import type { Dispatch } from '../plan.js';
import type { DeviceProfile } from '../problem.js';
import { enables, locateCode, storageType, storeFragment } from '../wgsl/fragments.js';
import { shader, type Binding, type Param } from '../wgsl/shader.js';
import { combination, type WinogradTransform } from './winograd-transform.js';

/** Threads of a workgroup in the transforms. */
const threads = 64;

/** How a Winograd convolution is cut. Scratch is f32, in vec4s of four channels: [point][tile][channel quad], twice. */
export interface WinogradShape {
  readonly transform: WinogradTransform;
  readonly tilesY: number;
  readonly tilesX: number;
  /** Tiles of all images. */
  readonly tiles: number;
  readonly channelQuads: number;
  readonly columnQuads: number;
}

/** The shape for a problem. */
export function winogradShape(p: ImplicitGemm, transform: WinogradTransform): WinogradShape {
  const tilesY = Math.ceil(p.outHeight / transform.outputs);
  const tilesX = Math.ceil(p.outWidth / transform.outputs);
  return {
    transform,
    tilesY,
    tilesX,
    tiles: p.batch * tilesY * tilesX,
    channelQuads: Math.ceil(p.channels / 4),
    columnQuads: Math.ceil(p.columns / 4),
  };
}

/** Where the products begin in scratch, after the transformed input, in vec4s. */
function productOffset({ transform, tiles, channelQuads }: WinogradShape): number {
  return transform.points ** 2 * tiles * channelQuads;
}

/** Bytes of scratch: transformed input, and products. */
export function scratchBytes(shape: WinogradShape): number {
  return 16 * (productOffset(shape) + shape.transform.points ** 2 * shape.tiles * shape.columnQuads);
}

/** The binding of scratch; read_write even where a kernel only reads, so that one text serves both halves. */
export const scratchBinding: Binding = { name: 'scratch', access: 'read_write', type: 'array<vec4<f32>>' };

/** The uniform values that say how the problem is cut into tiles. */
export function shapeParams(shape: WinogradShape): readonly Param[] {
  const values = {
    tiles: shape.tiles,
    tiles_y: shape.tilesY,
    tiles_x: shape.tilesX,
    channel_quads: shape.channelQuads,
    column_quads: shape.columnQuads,
    product_offset: productOffset(shape),
  };
  return Object.entries(values).map(([name, value]) => ({ name, type: 'u32', value }));
}

/** Workgroups of a transform with one thread a tile and quad of channels. */
function transformGrid(shape: WinogradShape, quads: number, device: DeviceProfile): [number, number, number] {
  const blocks = Math.ceil((shape.tiles * quads) / threads);
  const x = Math.min(blocks, device.maxWorkgroupsPerDimension);
  return [x, Math.ceil(blocks / x), 1];
}

/** The first dispatch: each thread transforms four channels of one tile of the input. */
export function inputTransform(p: ImplicitGemm, shape: WinogradShape, device: DeviceProfile): Dispatch {
  const vector = isVectorLayout(p.input, p.channels);
  const { points, outputs, input } = shape.transform;
  const workgroups = transformGrid(shape, shape.channelQuads, device);
  const params = [
    ...implicitParams(p),
    ...shapeParams(shape),
    { name: 'grid_x', type: 'u32', value: workgroups[0] } as const,
    { name: 'points', type: 'u32', value: points } as const,
  ];
  const { statements, values } = bothAxes(input, points);
  const count = bound('points', points, device);
  const kernel = shader({
    label: `winograd input ${outputs}`,
    enables: enables(p.elementType),
    bindings: [
      { name: 'input', access: 'read', type: `array<${storageType(p.elementType, vector ? 4 : 1)}>` },
      scratchBinding,
    ],
    params,
    workgroupSize: [threads, 1, 1],
    body: [
      threadCode('channel_quads', outputs),
      'let base = params.x_offset + image * params.x_n;',
      loadPatch(vector, points, count),
      ...statements,
      `var out = array<vec4f, ${values.length}>(${values.join(', ')});`,
      'let step = params.tiles * params.channel_quads;',
      'let at = tile * params.channel_quads + quad;',
      `for (var i = 0u; i < ${count} * ${count}; i++) {`,
      'scratch[at + i * step] = out[i];',
      '}',
    ].join('\n'),
  });
  return { kernel, workgroups, params, operands: ['input', 'scratch'] };
}

/** The last dispatch: each thread transforms the products of four output channels of one tile, and stores them. */
export function outputTransform(p: ImplicitGemm, shape: WinogradShape, device: DeviceProfile): Dispatch {
  const vector = hasVectorOutput(p);
  const store = storeFragment(p, vector);
  const { points, outputs, output } = shape.transform;
  const workgroups = transformGrid(shape, shape.columnQuads, device);
  const params: Param[] = [
    ...implicitParams(p),
    ...shapeParams(shape),
    { name: 'grid_x', type: 'u32', value: workgroups[0] },
    { name: 'out_height', type: 'u32', value: p.outHeight },
    { name: 'points', type: 'u32', value: points },
    { name: 'outputs', type: 'u32', value: outputs },
  ];
  const { statements, values } = bothAxes(output, points);
  const [count, outputCount] = [bound('points', points, device), bound('outputs', outputs, device)];
  const kernel = shader({
    label: `winograd output ${outputs}`,
    enables: enables(p.elementType),
    bindings: [scratchBinding, ...store.bindings],
    params,
    workgroupSize: [threads, 1, 1],
    declarations: `${locateCode}\n${store.declarations}`,
    body: [
      threadCode('column_quads', outputs),
      'let step = params.tiles * params.column_quads;',
      'let at = params.product_offset + tile * params.column_quads + quad;',
      `var d: array<vec4f, ${points * points}>;`,
      `for (var i = 0u; i < ${count} * ${count}; i++) {`,
      'd[i] = scratch[at + i * step];',
      '}',
      ...statements,
      `var sums = array<vec4f, ${values.length}>(${values.join(', ')});`,
      `for (var i = 0u; i < ${outputCount}; i++) {`,
      `for (var j = 0u; j < ${outputCount}; j++) {`,
      'if (first_y + i < params.out_height && first_x + j < params.out_width) {',
      'let place = Place(image, first_y + i, first_x + j);',
      `let sum = sums[i * ${outputs}u + j];`,
      vector
        ? 'store(0u, place, quad * 4u, sum);'
        : 'for (var l = 0u; l < 4u; l++) {\nstore(0u, place, quad * 4u + l, sum[l]);\n}',
      '}',
      '}',
      '}',
    ].join('\n'),
  });
  return { kernel, workgroups, params, operands: ['scratch', ...store.operands] };
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

/** Which tile and channels a thread has, and the tile's first output. */
function threadCode(quads: string, outputs: number): string {
  return `let index = (workgroup_id.y * params.grid_x + workgroup_id.x) * ${threads}u + local_index;
let tile = index / params.${quads};
let quad = index - tile * params.${quads};
if (tile >= params.tiles) {
return;
}
let image = tile / (params.tiles_y * params.tiles_x);
let tile_in_image = tile - image * params.tiles_y * params.tiles_x;
let tile_y = tile_in_image / params.tiles_x;
let first_y = tile_y * ${outputs}u;
let first_x = (tile_in_image - tile_y * params.tiles_x) * ${outputs}u;`;
}

/**
 * The bound of a loop over points or outputs. On software adapters only the run knows it: those expand each access in
 * the text lane by lane, and written out for each value the accesses of a tile take half a minute to compile. On GPUs
 * it is a constant, so that loops are unrolled and the arrays they fill are registers.
 */
function bound(name: 'points' | 'outputs', count: number, device: DeviceProfile): string {
  return device.isSoftware ? `params.${name}` : `${count}u`;
}

/** Fills `d`, the input values of a tile in four channels: zero outside the input, and beyond the last channel. */
function loadPatch(vector: boolean, points: number, count: string): string {
  const load = vector
    ? `d[i * ${points}u + j] = vec4f(input[(at >> 2u) + quad]);`
    : `for (var l = 0u; l < min(4u, params.channels - quad * 4u); l++) {
d[i * ${points}u + j][l] = f32(input[at + (quad * 4u + l) * params.x_c]);
}`;
  return `var d: array<vec4f, ${points * points}>;
for (var i = 0u; i < ${count}; i++) {
let y = i32(first_y + i) - params.pad_top;
for (var j = 0u; j < ${count}; j++) {
let x = i32(first_x + j) - params.pad_left;
if (y >= 0 && y < params.in_height && x >= 0 && x < params.in_width) {
let at = base + u32(y) * params.x_y + u32(x) * params.x_x;
${load}
}
}
}`;
}

/** WGSL expressions of matrix x d x transposed matrix, row by row, after the statements that name what they share. */
function bothAxes(matrix: readonly (readonly number[])[], points: number): { statements: string[]; values: string[] } {
  const each = range(points);
  const name = (i: number, j: number): string => `t_${i}_${j}`;
  return {
    statements: matrix.flatMap((row, i) =>
      each.map((j) => {
        const column = each.map((k) => `d[${k * points + j}]`);
        return `let ${name(i, j)} = ${combination(row, column)};`;
      }),
    ),
    values: matrix.flatMap((_, i) =>
      matrix.map((row) =>
        combination(
          row,
          each.map((k) => name(i, k)),
        ),
      ),
    ),
  };
}
