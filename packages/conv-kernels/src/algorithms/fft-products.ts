import type { ImplicitGemm } from '../implicit.js';
import type { Dispatch } from '../plan.js';
import { shader, type Param } from '../wgsl/shader.js';
import { fftParams, type FftShape } from './fft-shape.js';

/** Output channels of a thread. */
const columns = 4;

/** How many pairs of tiles a thread takes. */
export function productPairs({ pairs }: FftShape): number {
  return [1, 2, 4].find((count) => count >= pairs) ?? 4;
}

/** Workgroups: of frequencies, of pairs and columns, of groups. */
export function productGrid(p: ImplicitGemm, shape: FftShape, threads: number): [number, number, number] {
  const blocks = Math.ceil(shape.pairs / productPairs(shape)) * Math.ceil(p.columns / columns);
  return [shape.size ** 2 / 2 / threads, blocks, p.groups];
}

/**
 * At every frequency the matrix product of transformed tiles and transformed filters. Neighbouring threads have
 * neighbouring frequencies, two each, so that all they read and write is contiguous.
 */
export function fftProducts(p: ImplicitGemm, shape: FftShape, threads: number): Dispatch {
  const workgroups = productGrid(p, shape, threads);
  const count = productPairs(shape);
  const params: Param[] = [
    ...fftParams(p, shape),
    { name: 'channels', type: 'u32', value: p.channels },
    { name: 'columns', type: 'u32', value: p.columns },
    { name: 'column_blocks', type: 'u32', value: Math.ceil(p.columns / columns) },
  ];
  const kernel = shader({
    label: `fft products ${shape.size} ${count}x${columns}`,
    bindings: [
      { name: 'scratch', access: 'read_write', type: 'array<vec4<f32>>' },
      { name: 'weights', access: 'read', type: 'array<vec4<f32>>' },
    ],
    params,
    workgroupSize: [threads, 1, 1],
    body: productBody(shape, count),
  });
  return { kernel, workgroups, params, operands: ['scratch', 'weights'] };
}

function productBody({ size }: FftShape, count: number): string {
  const plane = size ** 2 / 2;
  const pairs = Array.from({ length: count }, (_, i) => i);
  const each = Array.from({ length: columns }, (_, j) => j);
  return [
    'let frequency = global_id.x;',
    'let group = workgroup_id.z;',
    'let pair_block = workgroup_id.y / params.column_blocks;',
    `let first_pair = pair_block * ${count}u;`,
    `let first_column = (workgroup_id.y - pair_block * params.column_blocks) * ${columns}u;`,
    ...pairs.map(
      (i) =>
        `var x_${i} = ((min(first_pair + ${i}u, params.pairs - 1u) * params.groups + group) * params.channels) * ${plane}u + frequency;`,
    ),
    ...each.map(
      (j) =>
        `var w_${j} = ${size / 2}u + ((group * params.columns + min(first_column + ${j}u, params.columns - 1u)) * params.channels) * ${plane}u + frequency;`,
    ),
    ...pairs.flatMap((i) => each.map((j) => `var sum_${i}_${j} = vec4f(0.0);`)),
    'for (var c = 0u; c < params.channels; c++) {',
    ...pairs.flatMap((i) => [
      `let a_${i} = scratch[x_${i}];`,
      `let re_${i} = a_${i}.xxzz;`,
      `let im_${i} = vec4f(-a_${i}.y, a_${i}.y, -a_${i}.w, a_${i}.w);`,
      `x_${i} += ${plane}u;`,
    ]),
    ...each.flatMap((j) => [
      `let q_${j} = weights[w_${j}];`,
      `let r_${j} = q_${j}.yxwz;`,
      `w_${j} += ${plane}u;`,
      ...pairs.map((i) => `sum_${i}_${j} += re_${i} * q_${j} + im_${i} * r_${j};`),
    ]),
    '}',
    `var sums = array<vec4f, ${count * columns}>(${pairs.flatMap((i) => each.map((j) => `sum_${i}_${j}`)).join(', ')});`,
    `for (var i = 0u; i < min(${count}u, params.pairs - first_pair); i++) {`,
    `for (var j = 0u; j < min(${columns}u, params.columns - first_column); j++) {`,
    `let to = params.product_offset / 2u + (((first_pair + i) * params.groups + group) * params.columns + first_column + j) * ${plane}u;`,
    `scratch[to + frequency] = sums[i * ${columns}u + j];`,
    '}',
    '}',
  ].join('\n');
}
