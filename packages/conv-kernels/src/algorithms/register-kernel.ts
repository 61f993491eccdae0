import { hasVectorOutput, hasVectorWeights, implicitParams, isVectorLayout, type ImplicitGemm } from '../implicit.js';
import type { Dispatch } from '../plan.js';
import type { DeviceProfile } from '../problem.js';
import { enables, inputStorageType, locateCode, storageType, storeFragment } from '../wgsl/fragments.js';
import { shader, type Param } from '../wgsl/shader.js';
import { gridLimit } from './tiled-kernel.js';

/** How a register kernel is cut: each thread sums `pixels` rows by `columns` output channels in registers. */
export interface RegisterTile {
  readonly threads: number;
  readonly pixels: number;
  /** A multiple of 4. */
  readonly columns: number;
  /** Weights packed in blocks of `columns`, or as `weights` of the problem says. */
  readonly packed: boolean;
  /** Invocations of a subgroup, among which weights are loaded once and broadcast. */
  readonly lanes: number;
}

/** Whether input is read four channels at a time. */
function isVectorInput(p: ImplicitGemm): boolean {
  return isVectorLayout(p.input, p.channels);
}

/** Workgroups: blocks of rows, blocks of columns, groups. */
export function registerGrid(p: ImplicitGemm, tile: RegisterTile): readonly [number, number, number] {
  return [Math.ceil(p.rows / (tile.threads * tile.pixels)), Math.ceil(p.columns / tile.columns), p.groups];
}

/**
 * An implicit GEMM without workgroup memory or barriers, for adapters that run invocations in SIMD lanes of a CPU.
 * There a storage load costs several multiply-adds, whatever its address, since it is done lane by lane, while a
 * broadcast of one lane is an instruction. So all threads of a subgroup work on the same columns, each loads a
 * different part of their weights, and every part is broadcast in turn.
 */
export function registerDispatch(p: ImplicitGemm, tile: RegisterTile, device: DeviceProfile): Dispatch | string {
  const grid = registerGrid(p, tile);
  const tooLarge = gridLimit(grid, device);
  if (tooLarge) return tooLarge;
  const [rowBlocks, columnBlocks] = grid;
  const vectorOutput = hasVectorOutput(p);
  const store = storeFragment(p, vectorOutput);
  const params: Param[] = [
    ...implicitParams(p),
    { name: 'column_blocks', type: 'u32', value: columnBlocks },
    { name: 'pixels', type: 'u32', value: tile.pixels },
  ];
  const kernel = shader({
    label: `register ${tile.threads}x${tile.pixels}x${tile.columns}`,
    enables: [...enables(p.elementType), 'subgroups'],
    bindings: [
      { name: 'input', access: 'read', type: `array<${inputStorageType(p, isVectorInput(p) ? 4 : 1)}>` },
      {
        name: 'weights',
        access: 'read',
        type: `array<${storageType(p.elementType, tile.packed || hasVectorWeights(p) ? 4 : 1)}>`,
      },
      ...store.bindings,
    ],
    params,
    workgroupSize: [tile.threads, 1, 1],
    declarations: `${locateCode}\n${store.declarations}`,
    body: registerBody(p, tile, vectorOutput),
  });
  return {
    kernel,
    workgroups: [rowBlocks, columnBlocks, p.groups],
    params,
    operands: ['input', 'weights', ...store.operands],
  };
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

function registerBody(p: ImplicitGemm, tile: RegisterTile, vectorOutput: boolean): string {
  const pixels = range(tile.pixels);
  const quads = range(tile.columns / 4);
  return [
    'let group = workgroup_id.z;',
    'let lane = subgroupExclusiveAdd(1u);',
    `let first_column = workgroup_id.y * ${tile.columns}u;`,
    ...pixels.flatMap((i) => pixelCode(i, tile)),
    ...pixels.flatMap((i) => quads.map((j) => `var sum_${i}_${j} = vec4f(0.0);`)),
    weightStart(tile),
    p.taps === 1 && !p.padded ? singleTap(p, tile) : tapLoop(p, tile),
    epilogueLoop(tile, vectorOutput),
  ].join('\n');
}

function pixelCode(i: number, tile: RegisterTile): string[] {
  return [
    `let row_${i} = (workgroup_id.x * ${tile.pixels}u + ${i}u) * ${tile.threads}u + local_index;`,
    `let place_${i} = locate(row_${i});`,
    `let image_${i} = params.x_offset + group * params.x_g + place_${i}.image * params.x_n;`,
    `let first_y_${i} = i32(place_${i}.out_y) * params.stride_y - params.pad_top;`,
    `let first_x_${i} = i32(place_${i}.out_x) * params.stride_x - params.pad_left;`,
  ];
}

function weightStart(tile: RegisterTile): string {
  return tile.packed
    ? `let w_first = (group * params.column_blocks + workgroup_id.y) * params.taps * params.channels * ${tile.columns / 4}u;`
    : 'let w_first = params.w_offset + group * params.w_g;';
}

function tapLoop(p: ImplicitGemm, tile: RegisterTile): string {
  const pixels = range(tile.pixels);
  return [
    'for (var ky = 0u; ky < params.kernel_height; ky++) {',
    ...pixels.flatMap((i) => [
      `let iy_${i} = first_y_${i} + i32(ky) * params.dilation_y;`,
      p.padded ? `let in_y_${i} = iy_${i} >= 0 && iy_${i} < params.in_height;` : '',
    ]),
    'for (var kx = 0u; kx < params.kernel_width; kx++) {',
    'let tap = ky * params.kernel_width + kx;',
    ...pixels.flatMap((i) => [
      `let ix_${i} = first_x_${i} + i32(kx) * params.dilation_x;`,
      p.padded ? `let in_${i} = in_y_${i} && ix_${i} >= 0 && ix_${i} < params.in_width;` : '',
      p.padded
        ? `let x_${i} = select(0u, image_${i} + u32(iy_${i}) * params.x_y + u32(ix_${i}) * params.x_x, in_${i});`
        : `let x_${i} = image_${i} + u32(iy_${i}) * params.x_y + u32(ix_${i}) * params.x_x;`,
    ]),
    channelLoop(p, tile),
    '}',
    '}',
  ]
    .filter((line) => line !== '')
    .join('\n');
}

function singleTap(p: ImplicitGemm, tile: RegisterTile): string {
  return [
    'let tap = 0u;',
    ...range(tile.pixels).map(
      (i) => `let x_${i} = image_${i} + u32(first_y_${i}) * params.x_y + u32(first_x_${i}) * params.x_x;`,
    ),
    channelLoop(p, tile),
  ].join('\n');
}

/** Channels of one tap, a turn of the loop for each four (one aligned load), three (an image) or one. */
function channelLoop(p: ImplicitGemm, tile: RegisterTile): string {
  const step = isVectorInput(p) ? 4 : 1;
  const turn = step === 4 ? 4 : p.channels === 3 ? 3 : 1;
  const steps = range(turn / step);
  return [
    `for (var c = 0u; c < params.channels; c += ${turn}u) {`,
    tile.packed
      ? `let w = w_first + (tap * params.channels + c) * ${tile.columns / 4}u;`
      : 'let w = w_first + tap * params.w_t + c * params.w_c;',
    ...range(Math.ceil((turn * tile.columns) / 4 / tile.lanes)).map((i) => laneLoad(p, tile, i, turn)),
    ...steps.flatMap((s) => stepCode(p, tile, s, step)),
    '}',
  ].join('\n');
}

function stepCode(p: ImplicitGemm, tile: RegisterTile, s: number, step: number): string[] {
  const pixels = range(tile.pixels);
  const quads = range(tile.columns / 4);
  const lines: string[] = [];
  const type = step === 4 ? 'vec4f' : 'f32';
  for (const i of pixels) {
    const at = step === 4 ? `((x_${i} + c) >> 2u) + ${s}u` : `x_${i} + (c + ${s}u) * params.x_c`;
    const load = `${type}(input[${at}])`;
    lines.push(`let v_${s}_${i} = ${p.padded ? `select(${type}(0.0), ${load}, in_${i})` : load};`);
  }
  for (let l = 0; l < step; l++) {
    const part = step === 4 ? `.${'xyzw'[l]}` : '';
    const k = s * step + l;
    for (const j of quads) {
      lines.push(`let q_${k}_${j} = ${weightQuad(tile, k, j)};`);
      for (const i of pixels) lines.push(`sum_${i}_${j} += v_${s}_${i}${part} * q_${k}_${j};`);
    }
  }
  return lines;
}

/** Each lane loads the weights of one column quad at one step of K; quads of a turn are counted K first. */
function laneLoad(p: ImplicitGemm, tile: RegisterTile, i: number, turn: number): string {
  if (tile.packed) return `let w_lanes_${i} = vec4f(weights[w + ${i * tile.lanes}u + lane]);`;
  const quads = tile.columns / 4;
  const last = 'params.columns - 1u';
  const element = (l: number): string => `f32(weights[w_${i} + min(column_${i} + ${l}u, ${last}) * params.w_n])`;
  return [
    `let quad_${i} = min(${i * tile.lanes}u + lane, ${turn * quads - 1}u);`,
    `let column_${i} = first_column + (quad_${i} % ${quads}u) * 4u;`,
    `let w_${i} = w + (quad_${i} / ${quads}u) * params.w_c;`,
    hasVectorWeights(p)
      ? `let w_lanes_${i} = vec4f(weights[(w_${i} + min(column_${i}, ${last})) >> 2u]);`
      : `let w_lanes_${i} = vec4f(${range(4).map(element).join(', ')});`,
  ].join('\n');
}

function weightQuad(tile: RegisterTile, k: number, j: number): string {
  const quad = (k * tile.columns) / 4 + j;
  return `subgroupBroadcast(w_lanes_${Math.floor(quad / tile.lanes)}, ${quad % tile.lanes}u)`;
}

/**
 * Stores in a loop with a trip count only the run knows: a store written out for each sum would make the shader, and
 * its compilation on adapters that expand each access lane by lane, several times as long.
 */
function epilogueLoop(tile: RegisterTile, vectorOutput: boolean): string {
  const quads = tile.columns / 4;
  const sums = range(tile.pixels).flatMap((i) => range(quads).map((j) => `sum_${i}_${j}`));
  const at = `first_column + ${vectorOutput ? '4u * j' : 'j'}`;
  const sum = vectorOutput ? `sums[i * ${quads}u + j]` : `sums[i * ${quads}u + (j >> 2u)][j & 3u]`;
  return [
    `var sums = array<vec4f, ${sums.length}>(${sums.join(', ')});`,
    `let used = min(${tile.columns}u, params.columns - first_column)${vectorOutput ? ' >> 2u' : ''};`,
    'for (var i = 0u; i < params.pixels; i++) {',
    `let row = (workgroup_id.x * ${tile.pixels}u + i) * ${tile.threads}u + local_index;`,
    'if (row < params.rows) {',
    'let place = locate(row);',
    'for (var j = 0u; j < used; j++) {',
    `store(group, place, ${at}, ${sum});`,
    '}',
    '}',
    '}',
  ].join('\n');
}
