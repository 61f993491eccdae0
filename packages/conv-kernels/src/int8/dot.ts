import { bandwidth, dispatchSeconds, launchSeconds } from '../algorithms/cost.js';
import { implicitParams, isVectorLayout, type ImplicitGemm } from '../implicit.js';
import type { Dispatch, OperandName } from '../plan.js';
import type { DeviceProfile } from '../problem.js';
import { placeCode } from '../wgsl/fragments.js';
import { shader, type Binding, type Param } from '../wgsl/shader.js';
import type { Int8Algorithm } from './algorithm.js';
import { inputPixels, type Int8Shape } from './implicit.js';
import { dotCode } from './dot-code.js';
import { packInput, packWeights, sumWeights } from './dot-packing.js';
import { int8Packing, weightSize } from './packing.js';
import { int8Params, storeInt8Fragment, zeroFragment } from './store.js';

/** Outputs of a thread along rows; along columns it is four. */
const pixels = 4;

/**
 * Four products at a time of packed signed bytes (`dot4I8Packed`). Input that does not lie as words of four channels is
 * packed into scratch by a dispatch before, and so are weights that are known only at the run.
 *
 * With x and w shifted into the signed range, and a and b their zero points there, the sum of (x - a) * (w - b) is
 * dot(x, w) - a * sum(w) - b * sum(x) + K * a * b; padding is words of a.
 */
export const int8Dot: Int8Algorithm = {
  name: 'int8-dot',
  supports(shape, device) {
    const bytes = { scratch: scratchSize(shape).bytes, 'packed weights': weightSize(shape).vectors * 16 };
    for (const [name, size] of Object.entries(bytes)) {
      if (size > device.maxStorageBinding) {
        return `${name} of ${size} bytes exceed the ${device.maxStorageBinding} that can be bound`;
      }
    }
    const bindings = dotDispatch(shape, device).kernel.bindings.length;
    if (bindings > device.maxStorageBuffers) {
      return `${bindings} buffers exceed the ${device.maxStorageBuffers} that can be bound`;
    }
    const most = device.maxWorkgroupsPerDimension;
    const grid = dotGrid(shape, device);
    return Math.max(...grid) <= most || `${grid.join('x')} workgroups exceed ${most} a dimension`;
  },
  cost(shape, device) {
    const { gemm, arithmetic } = shape;
    const { columnQuads, channelWords } = weightSize(shape);
    const rows = Math.ceil(gemm.rows / pixels) * pixels;
    const flops = 2 * gemm.groups * rows * columnQuads * 4 * channelWords * 4 * gemm.taps;
    const outputs = gemm.groups * rows * columnQuads * 4;
    const work = { flops, outputs, invocations: outputs / (4 * pixels), bytes: shape.bytes };
    const packed = (packsInput(shape) ? 1 : 0) + (arithmetic.constantWeights ? 0 : 2);
    const moved = (scratchSize(shape).bytes * 5) / bandwidth(device);
    return dispatchSeconds('int8 dot', work, device) + packed * launchSeconds(device) + moved;
  },
  plan(shape, device) {
    const dispatches: Dispatch[] = [];
    if (packsInput(shape)) dispatches.push(packInput(shape, weightSize(shape).channelWords, device));
    if (!shape.arithmetic.constantWeights) {
      const { inputVectors } = scratchSize(shape);
      dispatches.push(packWeights(shape, inputVectors, device), sumWeights(shape, inputVectors, device));
    }
    return {
      algorithm: 'int8-dot',
      variant: `${threadCount(device)}x${pixels}x4`,
      dispatches: [...dispatches, dotDispatch(shape, device)],
      scratchByteLength: scratchSize(shape).bytes,
      packing: shape.arithmetic.constantWeights ? int8Packing(shape) : undefined,
      flops: shape.flops,
      bytes: shape.bytes,
    };
  },
};

/** False where the input already lies as words of four channels. */
function packsInput({ gemm, arithmetic }: Int8Shape): boolean {
  return arithmetic.inputStorage !== 'bytes' || !isVectorLayout(gemm.input, gemm.channels);
}

/** Scratch holds packed input, in whole vec4s of words, then packed weights. */
function scratchSize(shape: Int8Shape): { readonly inputVectors: number; readonly bytes: number } {
  const { gemm, arithmetic } = shape;
  const words = gemm.batch * inputPixels(gemm) * gemm.groups * weightSize(shape).channelWords;
  const inputVectors = packsInput(shape) ? Math.ceil(words / 4) : 0;
  const weights = arithmetic.constantWeights ? 0 : weightSize(shape).vectors;
  return { inputVectors, bytes: 16 * (inputVectors + weights) };
}

function threadCount(device: DeviceProfile): number {
  return device.isSoftware ? Math.max(4, Math.min(device.subgroupMaxSize, 16)) : 64;
}

function dotGrid(shape: Int8Shape, device: DeviceProfile): [number, number, number] {
  const { gemm } = shape;
  const blocks = Math.ceil((Math.ceil(gemm.rows / pixels) * weightSize(shape).columnQuads) / threadCount(device));
  const x = Math.min(blocks, device.maxWorkgroupsPerDimension);
  return [x, Math.ceil(blocks / x), gemm.groups];
}

/** Strides of input words: of the input itself, or of what was packed. */
function wordParams(shape: Int8Shape): Param[] {
  const { gemm } = shape;
  const { channelWords } = weightSize(shape);
  const pixel = gemm.groups * channelWords;
  const { offset, g, n, z, y, x } = gemm.input;
  const strides = packsInput(shape)
    ? [0, channelWords, inputPixels(gemm) * pixel, gemm.inHeight * gemm.inWidth * pixel, gemm.inWidth * pixel, pixel]
    : [offset, g, n, z, y, x].map((stride) => stride / 4);
  return ['offset', 'g', 'n', 'z', 'y', 'x'].map((name, i) => ({ name: `p_${name}`, type: 'u32', value: strides[i] }));
}

/** Bits of the real channels in the last word. */
function lastMask({ channels }: ImplicitGemm): number {
  return channels % 4 === 0 ? 0xffffffff : 2 ** (8 * (channels % 4)) - 1;
}

function dotDispatch(shape: Int8Shape, device: DeviceProfile): Dispatch {
  const { gemm, arithmetic } = shape;
  const { channelWords, columnQuads, sumsAt } = weightSize(shape);
  const zeros = zeroFragment(shape);
  const store = storeInt8Fragment(shape);
  const threads = threadCount(device);
  const workgroups = dotGrid(shape, device);
  const params: Param[] = [
    ...implicitParams(gemm),
    ...int8Params(shape),
    ...wordParams(shape),
    { name: 'channel_words', type: 'u32', value: channelWords },
    { name: 'last_mask', type: 'u32', value: lastMask(gemm) },
    { name: 'quads', type: 'u32', value: columnQuads },
    { name: 'weights_at', type: 'u32', value: arithmetic.constantWeights ? 0 : scratchSize(shape).inputVectors },
    { name: 'sums_at', type: 'u32', value: sumsAt },
    { name: 'grid_x', type: 'u32', value: workgroups[0] },
    { name: 'pixels', type: 'u32', value: pixels },
  ];
  const bindings: Binding[] = [
    { name: 'input_words', access: 'read', type: 'array<u32>' },
    { name: 'weight_words', access: 'read', type: 'array<vec4<u32>>' },
    ...zeros.bindings,
    ...store.bindings,
  ];
  const operands: OperandName[] = [
    packsInput(shape) ? 'scratch' : 'input',
    arithmetic.constantWeights ? 'weights' : 'scratch',
    ...zeros.operands,
    ...store.operands,
  ];
  const kernel = shader({
    label: `int8-dot ${threads}x${pixels}x4`,
    bindings,
    params,
    workgroupSize: [threads, 1, 1],
    declarations: [placeCode(gemm), dotCode(device), zeros.declarations, store.declarations].join('\n'),
    body: dotBody(shape, threads),
  });
  return { kernel, workgroups, params, operands };
}

/** Whether the signed zero point of the weights can be other than 0, so that the input's sums are needed. */
export function needsInputSums({ arithmetic }: Int8Shape): boolean {
  return arithmetic.weightZero !== 'none' || arithmetic.weightType === 'uint8';
}

function dotBody(shape: Int8Shape, threads: number): string {
  const { volume } = shape.gemm;
  const each = Array.from({ length: pixels }, (_, i) => i);
  const sums = needsInputSums(shape);
  // Unpacked unsigned input is shifted into the signed range as it is read.
  const flip = !packsInput(shape) && shape.arithmetic.inputType === 'uint8' ? ' ^ 0x80808080u' : '';
  return [
    `let index = (workgroup_id.y * params.grid_x + workgroup_id.x) * ${threads}u + local_index;`,
    'let group = workgroup_id.z;',
    'let block = index / params.quads;',
    'let quad = index - block * params.quads;',
    `let first_row = block * ${pixels}u;`,
    'if (first_row >= params.rows) {\nreturn;\n}',
    'let zero_word = u32(input_zero() & 255) * 0x01010101u;',
    ...each.flatMap((i) => [
      `let place_${i} = locate(first_row + ${i}u);`,
      `let image_${i} = params.p_offset + group * params.p_g + place_${i}.image * params.p_n;`,
      ...(volume ? [`let first_z_${i} = i32(place_${i}.out_z) * params.stride_z - params.pad_front;`] : []),
      `let first_y_${i} = i32(place_${i}.out_y) * params.stride_y - params.pad_top;`,
      `let first_x_${i} = i32(place_${i}.out_x) * params.stride_x - params.pad_left;`,
      `var sum_${i} = vec4i(0);`,
      ...(sums ? [`var total_${i} = 0;`] : []),
    ]),
    'var w = params.weights_at + group * params.taps * params.channel_words * params.quads + quad;',
    ...(volume ? ['for (var kz = 0u; kz < params.kernel_depth; kz++) {'] : []),
    'for (var ky = 0u; ky < params.kernel_height; ky++) {',
    'for (var kx = 0u; kx < params.kernel_width; kx++) {',
    ...each.flatMap((i) => [
      ...(volume ? [`let z_${i} = first_z_${i} + i32(kz) * params.dilation_z;`] : []),
      `let y_${i} = first_y_${i} + i32(ky) * params.dilation_y;`,
      `let x_${i} = first_x_${i} + i32(kx) * params.dilation_x;`,
      `let in_${i} = ${volume ? `z_${i} >= 0 && z_${i} < params.in_depth && ` : ''}y_${i} >= 0 && y_${i} < params.in_height && x_${i} >= 0 && x_${i} < params.in_width;`,
      `let at_${i} = select(0u, image_${i} + ${volume ? `u32(z_${i}) * params.p_z + ` : ''}u32(y_${i}) * params.p_y + u32(x_${i}) * params.p_x, in_${i});`,
    ]),
    'for (var c = 0u; c < params.channel_words; c++) {',
    'let zeros = select(zero_word, zero_word & params.last_mask, c + 1u == params.channel_words);',
    'let q = weight_words[w];',
    'w += params.quads;',
    ...each.flatMap((i) => [
      `let v_${i} = select(zeros, input_words[at_${i} + c]${flip}, in_${i});`,
      `sum_${i} += vec4i(dot4(v_${i}, q.x), dot4(v_${i}, q.y), dot4(v_${i}, q.z), dot4(v_${i}, q.w));`,
      ...(sums ? [`total_${i} += dot4(v_${i}, 0x01010101u);`] : []),
    ]),
    '}',
    '}',
    '}',
    ...(volume ? ['}'] : []),
    'let first = quad * 4u;',
    'let channels = group * params.bias_g + min(vec4u(first, first + 1u, first + 2u, first + 3u), vec4u(params.columns - 1u));',
    'let filter_sums = bitcast<vec4i>(weight_words[params.weights_at + params.sums_at + group * params.quads + quad]);',
    'let zeros = vec4i(weight_zero(channels.x), weight_zero(channels.y), weight_zero(channels.z), weight_zero(channels.w));',
    'let fixed = input_zero() * (params.depth * zeros - filter_sums);',
    `var sums = array<vec4i, ${pixels}>(${each.map((i) => `sum_${i} + fixed${sums ? ` - zeros * total_${i}` : ''}`).join(', ')});`,
    'for (var i = 0u; i < params.pixels; i++) {',
    'if (first_row + i < params.rows) {',
    'store_quad(group, locate(first_row + i), first, sums[i]);',
    '}',
    '}',
  ].join('\n');
}
