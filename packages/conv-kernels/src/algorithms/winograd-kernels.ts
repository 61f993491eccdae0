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
export function productOffset({ transform, tiles, channelQuads }: WinogradShape): number {
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
  ];
  const each = range(points);
  const kernel = shader({
    label: `winograd input ${outputs}`,
    enables: enables(p.elementType),
    bindings: [
      { name: 'input', access: 'read', type: `array<${storageType(p.elementType, vector ? 4 : 1)}>` },
      scratchBinding,
    ],
    params,
    workgroupSize: [threads, 1, 1],
    declarations: vector ? vectorLoad : scalarLoad,
    body: [
      threadCode('channel_quads', outputs),
      'let base = params.x_offset + image * params.x_n;',
      ...each.flatMap((i) => [
        `let y_${i} = i32(first_y + ${i}u) - params.pad_top;`,
        `let in_y_${i} = y_${i} >= 0 && y_${i} < params.in_height;`,
        `let row_${i} = base + u32(clamp(y_${i}, 0, params.in_height - 1)) * params.x_y;`,
        `let x_${i} = i32(first_x + ${i}u) - params.pad_left;`,
        `let in_x_${i} = x_${i} >= 0 && x_${i} < params.in_width;`,
        `let column_${i} = u32(clamp(x_${i}, 0, params.in_width - 1)) * params.x_x;`,
      ]),
      ...each.flatMap((j) => [
        ...each.map(
          (i) => `let d_${i}_${j} = select(vec4f(0.0), load(row_${i} + column_${j}, quad), in_y_${i} && in_x_${j});`,
        ),
        ...each.map((i) => {
          const column = each.map((k) => `d_${k}_${j}`);
          return `let t_${i}_${j} = ${combination(input[i], column)};`;
        }),
      ]),
      'let step = params.tiles * params.channel_quads;',
      'var at = tile * params.channel_quads + quad;',
      ...each.flatMap((i) =>
        each.flatMap((j) => {
          const row = each.map((k) => `t_${i}_${k}`);
          return [`scratch[at] = ${combination(input[j], row)};`, 'at += step;'];
        }),
      ),
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
    { name: 'outputs', type: 'u32', value: outputs },
  ];
  const each = range(points);
  const sums = range(outputs).flatMap((i) =>
    range(outputs).map((j) =>
      combination(
        output[j],
        each.map((k) => `t_${i}_${k}`),
      ),
    ),
  );
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
      ...each.flatMap((j) => [
        ...each.map((i) => `let d_${i}_${j} = scratch[at + ${i * points + j}u * step];`),
        ...range(outputs).map((i) => {
          const column = each.map((k) => `d_${k}_${j}`);
          return `let t_${i}_${j} = ${combination(output[i], column)};`;
        }),
      ]),
      `var sums = array<vec4f, ${outputs * outputs}>(${sums.join(', ')});`,
      'for (var i = 0u; i < params.outputs; i++) {',
      'for (var j = 0u; j < params.outputs; j++) {',
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

const vectorLoad = `
fn load(at: u32, quad: u32) -> vec4f {
  return vec4f(input[(at >> 2u) + quad]);
}`;

/** Channels beyond the last are zero. */
const scalarLoad = `
fn channel(at: u32, c: u32) -> f32 {
  return select(0.0, f32(input[at + min(c, params.channels - 1u) * params.x_c]), c < params.channels);
}
fn load(at: u32, quad: u32) -> vec4f {
  let c = quad * 4u;
  return vec4f(channel(at, c), channel(at, c + 1u), channel(at, c + 2u), channel(at, c + 3u));
}`;
