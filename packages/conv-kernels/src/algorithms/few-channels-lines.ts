import type { ImplicitGemm } from '../implicit.js';
import { blockPacking } from '../packing/blocks.js';
import type { DeviceProfile } from '../problem.js';
import { sharesWeights } from './winograd-products.js';

/** Neighbouring outputs of a thread. */
export const pixels = 4;
/** Output channels of a thread, where the kernel has no other number. */
export const columns = 16;
/** Inputs of one line that a thread holds at most. */
const longestLine = 32;

/** Inputs of one line that the outputs of a thread see. */
export function lineLength(p: ImplicitGemm): number {
  return (pixels - 1) * p.strideWidth + (p.kernelWidth - 1) * p.dilationWidth + 1;
}

/** Whole runs of lanes may be read beyond the last weight. */
export function linePacking(p: ImplicitGemm, device: DeviceProfile, block = columns): ReturnType<typeof blockPacking> {
  return blockPacking(p, block, sharesWeights(device) ? 4 * device.subgroupMaxSize : 0);
}

/** Why threads cannot sum lines of a problem; undefined where they can. */
export function lineLimit(p: ImplicitGemm, device: DeviceProfile): string | undefined {
  if (p.groups !== 1) return 'there are groups';
  if (p.channels > 4) return 'there are more than 4 input channels';
  if (lineLength(p) > longestLine) {
    return `${pixels} outputs see ${lineLength(p)} inputs a line, more than ${longestLine}`;
  }
  const { byteLength } = linePacking(p, device);
  return byteLength > device.maxStorageBinding
    ? `packed weights take ${byteLength} bytes of the ${device.maxStorageBinding} that can be bound`
    : undefined;
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

/** The extensions that `lineSums` needs. */
export function lineEnables(device: DeviceProfile): readonly 'subgroups'[] {
  return sharesWeights(device) ? ['subgroups'] : [];
}

/**
 * WGSL that sums four neighbouring outputs by `width` channels, `sums[pixel * width / 4 + quad]`: of each channel and line of the
 * filter it reads the inputs that its outputs share once. In scope must be `image`, `first_y` and `first_x`, where the
 * first output's filter begins, and `block`, that of the channels; all invocations of a subgroup have the same `block`.
 */
export function lineSums(p: ImplicitGemm, device: DeviceProfile, width = columns): string {
  const quads = width / 4;
  const sums = range(pixels).flatMap((i) => range(quads).map((j) => `sum_${i}_${j}`));
  return [
    ...(sharesWeights(device) ? ['let lane = subgroupExclusiveAdd(1u);'] : []),
    'let base = params.x_offset + image * params.x_n;',
    ...sums.map((sum) => `var ${sum} = vec4f(0.0);`),
    `var line: array<f32, ${lineLength(p)}>;`,
    'for (var ky = 0u; ky < params.kernel_height; ky++) {',
    'let y = first_y + i32(ky) * params.dilation_y;',
    'let in_y = y >= 0 && y < params.in_height;',
    'for (var c = 0u; c < params.channels; c++) {',
    'let at = base + select(0u, u32(y), in_y) * params.x_y + c * params.x_c;',
    ...lineLoads(p, device),
    `let w = (block * params.taps * params.channels + ky * params.kernel_width * params.channels + c) * ${quads}u;`,
    ...taps(p, device, quads),
    '}',
    '}',
    `var sums = array<vec4f, ${sums.length}>(${sums.join(', ')});`,
  ].join('\n');
}

/** Compilers of CPU adapters take long over what is written out; those of GPUs keep only constant indices in registers. */
function lineLoads(p: ImplicitGemm, device: DeviceProfile): string[] {
  const load = (i: string, x: string): string[] => [
    `let ${x} = first_x + i32(${i});`,
    `let in_${x} = in_y && ${x} >= 0 && ${x} < params.in_width;`,
    `line[${i}] = select(0.0, f32(input[at + select(0u, u32(${x}), in_${x}) * params.x_x]), in_${x});`,
  ];
  if (device.isSoftware) return ['for (var i = 0u; i < params.line; i++) {', ...load('i', 'x'), '}'];
  return range(lineLength(p)).flatMap((i) => load(`${i}u`, `x${i}`));
}

/** The products of one channel and line of the filter; weights lie [tap][channel][column]. */
function taps(p: ImplicitGemm, device: DeviceProfile, quads: number): string[] {
  const shared = sharesWeights(device);
  const all = range(p.kernelWidth).flatMap((kx) => range(quads).map((j) => ({ kx, j })));
  const address = (kx: string, j: string): string => `weights[w + ${kx} * params.channels * ${quads}u + ${j}]`;
  const lanes = device.subgroupMaxSize;
  const loads = shared
    ? range(Math.ceil(all.length / lanes)).flatMap((i) => [
        `let quad_${i} = min(${i * lanes}u + lane, ${all.length - 1}u);`,
        `let w_lanes_${i} = vec4f(${address(`(quad_${i} / ${quads}u)`, `quad_${i} % ${quads}u`)});`,
      ])
    : [];
  return [
    ...loads,
    ...all.flatMap(({ kx, j }) => {
      const index = kx * quads + j;
      const weight = shared
        ? `subgroupBroadcast(w_lanes_${Math.floor(index / lanes)}, ${index % lanes}u)`
        : `vec4f(${address(`${kx}u`, `${j}u`)})`;
      return [
        `let q_${kx}_${j} = ${weight};`,
        ...range(pixels).map(
          (i) => `sum_${i}_${j} += line[${i * p.strideWidth + kx * p.dilationWidth}] * q_${kx}_${j};`,
        ),
      ];
    }),
  ];
}
