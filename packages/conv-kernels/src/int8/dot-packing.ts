import { implicitParams, isVectorLayout } from '../implicit.js';
import type { Dispatch, OperandName } from '../plan.js';
import type { DeviceProfile } from '../problem.js';
import { shader, type Binding, type Param } from '../wgsl/shader.js';
import { readCode } from './direct.js';
import { dotCode } from './dot-code.js';
import { inputPixels, type Int8Shape } from './implicit.js';
import { weightSize } from './packing.js';
import { signedShift } from './store.js';

const threads = 64;

/** One thread for each of `count` words or vectors, in at most two dimensions. */
function flatDispatch(
  label: string,
  count: number,
  device: DeviceProfile,
  params: readonly Param[],
  bindings: readonly Binding[],
  operands: readonly OperandName[],
  declarations: string,
  body: string,
): Dispatch {
  const blocks = Math.ceil(count / threads);
  const gridX = Math.min(blocks, device.maxWorkgroupsPerDimension);
  const all: Param[] = [
    ...params,
    { name: 'count', type: 'u32', value: count },
    { name: 'grid_x', type: 'u32', value: gridX },
  ];
  const head = `let index = (workgroup_id.y * params.grid_x + workgroup_id.x) * ${threads}u + local_index;
if (index >= params.count) {
return;
}`;
  return {
    kernel: shader({
      label,
      bindings,
      params: all,
      workgroupSize: [threads, 1, 1],
      declarations,
      body: `${head}\n${body}`,
    }),
    workgroups: [gridX, Math.ceil(blocks / gridX), 1],
    params: all,
    operands,
  };
}

/**
 * Input as signed bytes, four channels of a group a word: [image][slice][row][column][group][word], `channelWords` of a
 * group, with zeros after the last channel.
 */
export function packInput(shape: Int8Shape, channelWords: number, device: DeviceProfile): Dispatch {
  const { gemm, arithmetic } = shape;
  const byQuads = arithmetic.inputStorage === 'words' && isVectorLayout(gemm.input, gemm.channels);
  const u32 = (name: string, value: number): Param => ({ name, type: 'u32', value });
  const params = [
    ...implicitParams(gemm),
    u32('channel_words', channelWords),
    u32('groups', gemm.groups),
    u32('in_pixels', inputPixels(gemm)),
    u32('slice_pixels', gemm.inHeight * gemm.inWidth),
    u32('row_pixels', gemm.inWidth),
  ];
  const word = byQuads
    ? `if (first < params.channels) {
let bytes = bitcast<vec4u>(input[(base + first) >> 2u] - ${signedShift(arithmetic.inputType)}) & vec4u(0xffu);
word = bytes.x | (bytes.y << 8u) | (bytes.z << 16u) | (bytes.w << 24u);
}`
    : `for (var l = 0u; l < 4u && first + l < params.channels; l++) {
word |= (u32(read_input(base + (first + l) * params.x_c)) & 0xffu) << (8u * l);
}`;
  return flatDispatch(
    'int8 pack input',
    gemm.batch * inputPixels(gemm) * gemm.groups * channelWords,
    device,
    params,
    [
      { name: 'input', access: 'read', type: byQuads ? 'array<vec4<i32>>' : 'array<i32>' },
      { name: 'scratch', access: 'read_write', type: 'array<u32>' },
    ],
    ['input', 'scratch'],
    byQuads ? '' : readCode(shape),
    `var rest = index / params.channel_words;
let first = (index - rest * params.channel_words) * 4u;
let group = rest % params.groups;
rest /= params.groups;
let image = rest / params.in_pixels;
let pixel = rest - image * params.in_pixels;
let z = pixel / params.slice_pixels;
let in_slice = pixel - z * params.slice_pixels;
let y = in_slice / params.row_pixels;
let x = in_slice - y * params.row_pixels;
let base = params.x_offset + group * params.x_g + image * params.x_n + y * params.x_y + x * params.x_x${gemm.volume ? ' + z * params.x_z' : ''};
var word = 0u;
${word}
scratch[index] = word;`,
  );
}

/** Weights known at the run, in the order `int8Packing` gives, from vec4 `at` of scratch on. */
export function packWeights(shape: Int8Shape, at: number, device: DeviceProfile): Dispatch {
  const { channelWords, columnQuads, sumsAt } = weightSize(shape);
  const params: Param[] = [
    ...implicitParams(shape.gemm),
    { name: 'channel_words', type: 'u32', value: channelWords },
    { name: 'quads', type: 'u32', value: columnQuads },
    { name: 'weights_at', type: 'u32', value: at },
  ];
  return flatDispatch(
    'int8 pack weights',
    sumsAt,
    device,
    params,
    [
      { name: 'weights', access: 'read', type: 'array<i32>' },
      { name: 'scratch', access: 'read_write', type: 'array<vec4<u32>>' },
    ],
    ['weights', 'scratch'],
    '',
    `var rest = index / params.quads;
let first_column = (index - rest * params.quads) * 4u;
let first_channel = rest % params.channel_words * 4u;
rest /= params.channel_words;
let tap = rest % params.taps;
let base = params.w_offset + rest / params.taps * params.w_g + tap * params.w_t;
var words = vec4u(0u);
for (var j = 0u; j < min(4u, params.columns - first_column); j++) {
for (var l = 0u; l < min(4u, params.channels - first_channel); l++) {
let value = weights[base + (first_column + j) * params.w_n + (first_channel + l) * params.w_c] - ${signedShift(shape.arithmetic.weightType)};
words[j] |= (u32(value) & 0xffu) << (8u * l);
}
}
scratch[params.weights_at + index] = words;`,
  );
}

/** The sums of the columns that `packWeights` packed. */
export function sumWeights(shape: Int8Shape, at: number, device: DeviceProfile): Dispatch {
  const { channelWords, columnQuads, sumsAt, vectors } = weightSize(shape);
  const params: Param[] = [
    { name: 'depth', type: 'u32', value: shape.gemm.taps * channelWords },
    { name: 'quads', type: 'u32', value: columnQuads },
    { name: 'weights_at', type: 'u32', value: at },
    { name: 'sums_at', type: 'u32', value: sumsAt },
  ];
  return flatDispatch(
    'int8 sum weights',
    vectors - sumsAt,
    device,
    params,
    [{ name: 'scratch', access: 'read_write', type: 'array<vec4<u32>>' }],
    ['scratch'],
    dotCode(device),
    `let group = index / params.quads;
let quad = index - group * params.quads;
var sums = vec4i(0);
for (var k = 0u; k < params.depth; k++) {
let words = scratch[params.weights_at + (group * params.depth + k) * params.quads + quad];
sums += vec4i(dot4(words.x, 0x01010101u), dot4(words.y, 0x01010101u), dot4(words.z, 0x01010101u), dot4(words.w, 0x01010101u));
}
scratch[params.weights_at + params.sums_at + index] = bitcast<vec4u>(sums);`,
  );
}
