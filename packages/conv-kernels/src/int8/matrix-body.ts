import { packsInput } from './dot.js';
import type { Int8Shape } from './implicit.js';
import { stageVectors, workgroupRows, type Int8MatrixShape } from './matrix-shape.js';

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

/** The kernel: slice by slice of one tap's channels through workgroup memory, then the sums the same way to the epilogue. */
export function int8MatrixBody(shape: Int8Shape, s: Int8MatrixShape): string {
  const threads = s.subgroups * s.lanes;
  const rows = workgroupRows(s);
  const down = range(s.subgroupRows / s.m);
  const across = range(s.columns / s.n);
  const sums = down.flatMap((i) => across.map((j) => ({ i, j, name: `sum_${i}_${j}` })));
  const sumType = `subgroup_matrix_result<i32, ${s.n}, ${s.m}>`;
  const each = (count: number, body: string): string =>
    `for (var i = local_index; i < ${count}u; i += ${threads}u) {\n${body}\n}`;
  return [
    'let group = workgroup_id.z;',
    `let first_row = workgroup_id.y * ${rows}u;`,
    `let first_column = workgroup_id.x * ${s.columns}u;`,
    `let sub_row = subgroup_id * ${s.subgroupRows}u;`,
    'let zero_word = u32(input_zero() & 255) * 0x01010101u;',
    each(rows, originCode),
    ...sums.map(({ name }) => `var ${name} = ${sumType}();`),
    'var w_row = group * params.taps * params.w_channels;',
    'for (var ky = 0u; ky < params.kernel_height; ky++) {',
    'for (var kx = 0u; kx < params.kernel_width; kx++) {',
    `for (var c = 0u; c < params.w_channels; c += ${s.depth}u) {`,
    'workgroupBarrier();',
    each((rows * s.depth) / 16, inputCode(shape, s)),
    each((s.depth * s.columns) / 16, weightCode(s)),
    'workgroupBarrier();',
    ...range(s.depth / s.k).flatMap((step) => productCode(s, step)),
    `w_row += ${s.depth}u;`,
    '}',
    '}',
    '}',
    'workgroupBarrier();',
    ...sums.map(
      ({ i, j, name }) =>
        `subgroupMatrixStore<row_major>(&stage, (sub_row + ${i * s.m}u) * ${s.columns / 4}u + ${(j * s.n) / 4}u, ${name}, ${s.columns / 4}u);`,
    ),
    'workgroupBarrier();',
    each((rows * s.columns) / 4, storeCode(s)),
  ].join('\n');
}

/** Where the input of each row begins, and its position there before the first tap. */
const originCode = `let place = locate(first_row + i);
let base = params.p_offset + group * params.p_g + place.image * params.p_n;
let y = i32(place.out_y) * params.stride_y - params.pad_top;
let x = i32(place.out_x) * params.stride_x - params.pad_left;
origins[i] = vec4i(i32(base), y, x, 0);`;

/** Sixteen channels of a row. Beyond the last channel the weights are zeros, so that any value will do. */
function inputCode(shape: Int8Shape, { depth }: Int8MatrixShape): string {
  const flip = !packsInput(shape) && shape.arithmetic.inputType === 'uint8' ? ' ^ 0x80808080u' : '';
  return [
    `let row = i / ${depth / 16}u;`,
    'let origin = origins[row];',
    'let y = origin.y + i32(ky) * params.dilation_y;',
    'let x = origin.z + i32(kx) * params.dilation_x;',
    `let word = c / 4u + (i % ${depth / 16}u) * 4u;`,
    'var words = vec4u(zero_word);',
    'if (first_row + row < params.rows && y >= 0 && y < params.in_height && x >= 0 && x < params.in_width) {',
    'let at = u32(origin.x) + u32(y) * params.p_y + u32(x) * params.p_x + word;',
    'for (var l = 0u; l < 4u && word + l < params.channel_words; l++) {',
    `words[l] = input_words[at + l]${flip};`,
    '}',
    '}',
    'stage[i] = words;',
  ].join('\n');
}

function weightCode(s: Int8MatrixShape): string {
  const across = s.columns / 16;
  return `let at = ((w_row + i / ${across}u) * params.w_columns + first_column) / 16u + i % ${across}u;
stage[${stageVectors(s).input}u + i] = weight_words[at];`;
}

function productCode(s: Int8MatrixShape, step: number): string[] {
  const [inputStride, weightStride] = [s.depth / 16, s.columns / 16];
  const down = range(s.subgroupRows / s.m);
  const load = (name: string, side: string, offset: string, stride: number): string =>
    `let ${name} = subgroupMatrixLoad<subgroup_matrix_${side}, row_major>(&stage, ${offset}, ${stride}u);`;
  return [
    ...down.map((i) =>
      load(
        `l_${step}_${i}`,
        `left<i8, ${s.k}, ${s.m}>`,
        `(sub_row + ${i * s.m}u) * ${inputStride}u + ${(step * s.k) / 16}u`,
        inputStride,
      ),
    ),
    ...range(s.columns / s.n).flatMap((j) => [
      load(
        `r_${step}_${j}`,
        `right<i8, ${s.n}, ${s.k}>`,
        `${stageVectors(s).input + step * s.k * weightStride + (j * s.n) / 16}u`,
        weightStride,
      ),
      ...down.map(
        (i) => `sum_${i}_${j} = subgroupMatrixMultiplyAccumulate(l_${step}_${i}, r_${step}_${j}, sum_${i}_${j});`,
      ),
    ]),
  ];
}

function storeCode({ columns }: Int8MatrixShape): string {
  return `let row = first_row + i / ${columns / 4}u;
let column = first_column + (i % ${columns / 4}u) * 4u;
if (row < params.rows && column < params.columns) {
let filter_sums = bitcast<vec4i>(weight_words[params.sums_at + (group * params.w_columns + column) / 4u]);
store_quad(group, locate(row), column, bitcast<vec4i>(stage[i]) - input_zero() * filter_sums);
}`;
}
