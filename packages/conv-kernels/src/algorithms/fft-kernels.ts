import { implicitParams, type ImplicitGemm } from '../implicit.js';
import type { Dispatch, OperandName } from '../plan.js';
import type { DeviceProfile } from '../problem.js';
import { enables, storageType, storeFragment } from '../wgsl/fragments.js';
import { shader, type Binding, type Param } from '../wgsl/shader.js';
import { butterfly, type Direction } from './fft-butterfly.js';
import { fftParams, fftRadices, type FftShape } from './fft-shape.js';

/** Invocations of a workgroup: one subgroup on software adapters, which run those of a workgroup in turns. */
export function fftThreads(device: DeviceProfile): number {
  return device.isSoftware ? 2 ** Math.round(Math.log2(Math.max(4, Math.min(device.subgroupMaxSize, 32)))) : 128;
}

/** A place of the output, as `storeFragment` wants it. */
const placeStruct = `struct Place {
  image: u32,
  out_y: u32,
  out_x: u32,
}`;

/** The factors of the transform, exp(-2 pi i j / size), stand before the weights. */
const weightBinding: Binding = { name: 'weights', access: 'read', type: 'array<vec2<f32>>' };
const scratchBinding: Binding = { name: 'scratch', access: 'read_write', type: 'array<vec2<f32>>' };

interface FftKernel {
  readonly label: string;
  readonly bindings: readonly Binding[];
  readonly operands: readonly OperandName[];
  readonly declarations: readonly string[];
  readonly body: readonly string[];
  readonly workgroups: readonly [number, number, number];
}

/** Neighbouring workgroups take neighbouring channels of the same tiles, which share the lines of memory that they read and write. */
function dispatch(p: ImplicitGemm, shape: FftShape, device: DeviceProfile, kernel: FftKernel): Dispatch {
  const threads = fftThreads(device);
  const counts = { axes: 2, radix_4: 4, radix_8: 8 };
  const params: Param[] = [
    ...implicitParams(p),
    ...fftParams(p, shape),
    ...Object.entries(counts).map(([name, value]): Param => ({ name, type: 'u32', value })),
  ];
  return {
    kernel: shader({
      label: kernel.label,
      enables: enables(p.elementType),
      bindings: kernel.bindings,
      params,
      consts: { threads },
      workgroupSize: [threads, 1, 1],
      declarations: [
        `var<workgroup> tile: array<vec2f, ${shape.size * shape.rowStride}>;`,
        multiplyCode,
        tileCode,
        ...kernel.declarations,
      ].join('\n'),
      body: kernel.body.join('\n'),
    }),
    workgroups: kernel.workgroups,
    params,
    operands: kernel.operands,
  };
}

/** Of each pair of tiles and channel the transform, into scratch. */
export function fftForward(p: ImplicitGemm, shape: FftShape, device: DeviceProfile): Dispatch {
  const { size } = shape;
  return dispatch(p, shape, device, {
    label: `fft forward ${size}`,
    bindings: [inputBinding(p), weightBinding, scratchBinding],
    operands: ['input', 'weights', 'scratch'],
    declarations: [loadCode(shape), axesCode('transform', -1, shape, device)],
    body: [
      'let channel = workgroup_id.x;',
      'let group = workgroup_id.y;',
      'let pair = workgroup_id.z;',
      'load_tiles(pair, group, channel, local_index);',
      'transform(local_index);',
      `let to = (pair * params.groups * params.channels + group * params.channels + channel) * ${size * size}u;`,
      ...eachPoint(shape, [`scratch[to + i] = tile[at];`]),
    ],
    workgroups: [p.channels, p.groups, shape.pairs],
  });
}

/** Of each pair of tiles and output channel the outputs, out of the products in scratch. */
export function fftInverse(p: ImplicitGemm, shape: FftShape, device: DeviceProfile): Dispatch {
  const { size } = shape;
  const store = storeFragment(p, false);
  return dispatch(p, shape, device, {
    label: `fft inverse ${size}`,
    bindings: [weightBinding, scratchBinding, ...store.bindings],
    operands: ['weights', 'scratch', ...store.operands],
    declarations: [placeStruct, store.declarations, axesCode('inverse', 1, shape, device), storeCode(shape)],
    body: [
      'let column = workgroup_id.x;',
      'let group = workgroup_id.y;',
      'let pair = workgroup_id.z;',
      `let from_at = params.product_offset + (pair * params.groups * params.columns + group * params.columns + column) * ${size * size}u;`,
      ...eachPoint(shape, ['tile[at] = scratch[from_at + i];']),
      'workgroupBarrier();',
      'inverse(local_index);',
      'store_tiles(pair, group, column, local_index);',
    ],
    workgroups: [p.columns, p.groups, shape.pairs],
  });
}

/** All in one, where each output channel sees one input channel: transform, product, inverse, without scratch. */
export function fftDepthwise(p: ImplicitGemm, shape: FftShape, device: DeviceProfile): Dispatch {
  const { size } = shape;
  const store = storeFragment(p, false);
  return dispatch(p, shape, device, {
    label: `fft depthwise ${size}`,
    bindings: [inputBinding(p), weightBinding, ...store.bindings],
    operands: ['input', 'weights', ...store.operands],
    declarations: [
      placeStruct,
      store.declarations,
      loadCode(shape),
      axesCode('transform', -1, shape, device),
      axesCode('inverse', 1, shape, device),
      storeCode(shape),
    ],
    body: [
      'let column = workgroup_id.x;',
      'let group = workgroup_id.y;',
      'let pair = workgroup_id.z;',
      'load_tiles(pair, group, 0u, local_index);',
      'transform(local_index);',
      `let filter_at = ${size}u + (group * params.columns + column) * ${size * size}u;`,
      ...eachPoint(shape, ['tile[at] = multiply(tile[at], weights[filter_at + i]);']),
      'workgroupBarrier();',
      'inverse(local_index);',
      'store_tiles(pair, group, column, local_index);',
    ],
    workgroups: [p.columns, p.groups, shape.pairs],
  });
}

const multiplyCode = `fn multiply(a: vec2f, b: vec2f) -> vec2f {
  return vec2f(a.x * b.x - a.y * b.y, a.x * b.y + a.y * b.x);
}`;

function inputBinding(p: ImplicitGemm): Binding {
  return { name: 'input', access: 'read', type: `array<${storageType(p.elementType, 1)}>` };
}

/** Statements for every point `i` of a tile, which is at `at` in workgroup memory. */
function eachPoint({ size, rowStride }: FftShape, lines: readonly string[]): string[] {
  return [
    `for (var i = local_index; i < ${size * size}u; i += threads) {`,
    rowStride === size ? 'let at = i;' : `let at = i / ${size}u * ${rowStride}u + i % ${size}u;`,
    ...lines,
    '}',
  ];
}

/** `load_tiles` fills workgroup memory with two tiles' inputs, and waits. */
function loadCode(shape: FftShape): string {
  return `fn read_input(t: Tile, group: u32, channel: u32, y: u32, x: u32) -> f32 {
  let iy = i32(t.y + y) - params.pad_top;
  let ix = i32(t.x + x) - params.pad_left;
  if (!t.valid || iy < 0 || iy >= params.in_height || ix < 0 || ix >= params.in_width) {
    return 0.0;
  }
  let base = params.x_offset + group * params.x_g + t.image * params.x_n + channel * params.x_c;
  return f32(input[base + u32(iy) * params.x_y + u32(ix) * params.x_x]);
}
fn load_tiles(pair: u32, group: u32, channel: u32, local_index: u32) {
  let first = locate_tile(2u * pair);
  let second = locate_tile(2u * pair + 1u);
  ${eachPoint(shape, [
    `let y = i / ${shape.size}u;`,
    `let x = i % ${shape.size}u;`,
    'tile[at] = vec2f(read_input(first, group, channel, y, x), read_input(second, group, channel, y, x));',
  ]).join('\n')}
  workgroupBarrier();
}`;
}

/** `locate_tile` finds a tile's image and first position. */
const tileCode = `struct Tile {
  valid: bool,
  image: u32,
  y: u32,
  x: u32,
}
fn locate_tile(index: u32) -> Tile {
  let image = index / (params.tiles_y * params.tiles_x);
  let in_image = index - image * params.tiles_y * params.tiles_x;
  let y = in_image / params.tiles_x;
  let x = in_image - y * params.tiles_x;
  return Tile(index < params.tiles, image, y * params.valid_y, x * params.valid_x);
}`;

/** `store_tiles` stores what of two tiles is outputs: all positions where no tap wrapped around, at the stride. */
function storeCode(shape: FftShape): string {
  const { size } = shape;
  return `fn store_one(t: Tile, group: u32, column: u32, y: u32, x: u32, value: f32) {
  let out_y = (t.y + y) / u32(params.stride_y);
  let out_x = (t.x + x) / u32(params.stride_x);
  let on_stride = out_y * u32(params.stride_y) == t.y + y && out_x * u32(params.stride_x) == t.x + x;
  if (t.valid && on_stride && out_y < params.out_height && out_x < params.out_width) {
    store(group, Place(t.image, out_y, out_x), column, value);
  }
}
fn store_tiles(pair: u32, group: u32, column: u32, local_index: u32) {
  let first = locate_tile(2u * pair);
  let second = locate_tile(2u * pair + 1u);
  ${eachPoint(shape, [
    `let y = i / ${size}u;`,
    `let x = i % ${size}u;`,
    'if (y < params.valid_y && x < params.valid_x) {',
    'store_one(first, group, column, y, x, tile[at].x);',
    'store_one(second, group, column, y, x, tile[at].y);',
    '}',
  ]).join('\n')}
}`;
}

/**
 * A function that transforms the lines of the tile along both axes in place. The transform leaves the frequency
 * k1 + r1 * k2 of a line at k1 * r2 + k2 (decimation in frequency, size r1 * r2); the inverse takes it from there.
 *
 * Axes, and elements of a line, are counted by loops: an access to memory in the text takes some adapters long to
 * compile. Where the bounds are constants, the loops over elements are unrolled and their arrays are registers.
 */
function axesCode(name: string, direction: Direction, { size, rowStride }: FftShape, device: DeviceProfile): string {
  const [r1, r2] = fftRadices[size];
  const far: Pass = { radix: r1, first: 'outer * step', step: `${r2}u * step`, twiddles: direction === -1 };
  const near: Pass = { radix: r2, first: `outer * ${r2}u * step`, step: 'step', twiddles: direction === 1 };
  const passes = direction === -1 ? [far, near] : [near, far];
  const axes = device.isSoftware ? 'params.axes' : '2u';
  return `fn ${name}(local_index: u32) {
  for (var axis = 0u; axis < ${axes}; axis++) {
  let step = select(${rowStride}u, 1u, axis == ${direction === -1 ? 0 : 1}u);
  let line = ${rowStride + 1}u - step;
  ${passes.map((pass) => passCode(size, pass, direction, device)).join('\nworkgroupBarrier();\n')}
  workgroupBarrier();
  }
}`;
}

interface Pass {
  readonly radix: 4 | 8;
  /** Of an element's address within its line, the part of `outer`. */
  readonly first: string;
  /** From element to element. */
  readonly step: string;
  /** Whether result k is turned by outer * k parts of a circle. */
  readonly twiddles: boolean;
}

function passCode(
  size: number,
  { radix, first, step, twiddles }: Pass,
  direction: Direction,
  device: DeviceProfile,
): string {
  const each = Array.from({ length: radix }, (_, k) => k);
  const { statements, results } = butterfly(
    each.map((k) => `v[${k}]`),
    direction,
    'f',
  );
  const count = device.isSoftware ? `params.radix_${radix}` : `${radix}u`;
  const factor = `weights[outer * k]${direction === 1 ? ' * vec2f(1.0, -1.0)' : ''}`;
  return [
    `for (var i = local_index; i < ${(size * size) / radix}u; i += threads) {`,
    `let outer = i / ${size}u;`,
    `let base = i % ${size}u * line + ${first};`,
    `let by = ${step};`,
    `var v: array<vec2f, ${radix}>;`,
    `for (var k = 0u; k < ${count}; k++) {`,
    'v[k] = tile[base + k * by];',
    '}',
    ...statements,
    `var r = array<vec2f, ${radix}>(${results.join(', ')});`,
    `for (var k = 0u; k < ${count}; k++) {`,
    `tile[base + k * by] = ${twiddles ? `multiply(r[k], ${factor})` : 'r[k]'};`,
    '}',
    '}',
  ].join('\n');
}
