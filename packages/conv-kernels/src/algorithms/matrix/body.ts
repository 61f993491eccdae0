import type { ImplicitGemm } from '../../implicit.js';
import { fetchCode, fetchSetup, range, sliceStart, sliceStep, stagingCounts, type InputLoads } from './fetch.js';
import { rangeLoop } from './range.js';
import { lanesPerVector, matrixThreads, stageLayout, type MatrixShape } from './shape.js';

/** The WGSL types of the factors and sums. */
export function matrixTypes({ units }: MatrixShape): { left: string; right: string; sum: string } {
  const { type, m, n, k } = units;
  return {
    left: `subgroup_matrix_left<${type}, ${k}, ${m}>`,
    right: `subgroup_matrix_right<${type}, ${n}, ${k}>`,
    sum: `subgroup_matrix_result<f32, ${n}, ${m}>`,
  };
}

/** Names of the sums: matrix i, j of a subgroup's share. */
export function sums({ tile, units }: MatrixShape): { i: number; j: number; name: string }[] {
  return range(tile.subgroupRows / units.m).flatMap((i) =>
    range(tile.subgroupColumns / units.n).map((j) => ({ i, j, name: `sum_${i}_${j}` })),
  );
}

/** The kernel up to the sums of its part of K; `finish` is what becomes of them. */
export function matrixBody(p: ImplicitGemm, shape: MatrixShape, loads: InputLoads, finish: string): string {
  const { tile, units, splits, parts } = shape;
  const across = tile.columns / tile.subgroupColumns;
  const { sum } = matrixTypes(shape);
  const each = parts / splits;
  const zero = sums(shape)
    .map(({ name }) => `${name} = ${sum}();`)
    .join('\n');
  const product = sliceLoop(p, shape, loads);
  const part = [
    parts === 1 ? 'let first_slice = 0u;' : 'let first_slice = part * params.slices_per_part;',
    parts === 1
      ? 'let last_slice = params.slices;'
      : 'let last_slice = min(first_slice + params.slices_per_part, params.slices);',
    units.parts === 2 ? rangeLoop(zero, product) : `${each === 1 ? '' : zero}\n${product}`,
    finish,
  ].join('\n');
  return [
    splits === 1 ? 'let group = workgroup_id.z;' : 'let group = workgroup_id.z % params.groups;',
    splits === 1 ? 'let split = 0u;' : 'let split = workgroup_id.z / params.groups;',
    `let first_row = workgroup_id.y * ${tile.rows}u;`,
    `let first_column = workgroup_id.x * ${tile.columns}u;`,
    `let sub_row = (subgroup_id / ${across}u) * ${tile.subgroupRows}u;`,
    `let sub_column = (subgroup_id % ${across}u) * ${tile.subgroupColumns}u;`,
    fetchSetup(shape, loads),
    ...sums(shape).map(({ name }) => `var ${name} = ${sum}();`),
    each === 1
      ? `let part = split;\n${part}`
      : `for (var turn = 0u; turn < ${each}u; turn++) {\nlet part = split * ${each}u + turn;\n${part}\n}`,
  ].join('\n');
}

/** All slices of one part: staged through workgroup memory, the next on its way to registers while one is summed. */
function sliceLoop(p: ImplicitGemm, shape: MatrixShape, loads: InputLoads): string {
  const layout = stageLayout(shape.tile, shape.units);
  const fetch = `{\n${fetchCode(p, shape, loads)}\n}`;
  const next = `if (slice + 1u < last_slice) {\n${sliceStep(shape)}\n${fetch}\n}`;
  const head = `${sliceStart(shape)}\n${fetch}`;
  if (shape.tile.stages === 1) {
    return `{
${head}
for (var slice = first_slice; slice < last_slice; slice++) {
workgroupBarrier();
${stageCode(shape, loads, '')}
workgroupBarrier();
${next}
${productCode(shape, '')}
}
}`;
  }
  return `{
${head}
var stage_at = 0u;
workgroupBarrier();
${stageCode(shape, loads, 'stage_at + ')}
for (var slice = first_slice; slice < last_slice; slice++) {
workgroupBarrier();
${next}
${productCode(shape, 'stage_at + ')}
stage_at = ${layout.size}u - stage_at;
if (slice + 1u < last_slice) {
${stageCode(shape, loads, 'stage_at + ')}
}
}
}`;
}

/** Registers into workgroup memory; `at` is where the stage begins. */
function stageCode(shape: MatrixShape, loads: InputLoads, at: string): string {
  const { tile, units } = shape;
  const layout = stageLayout(tile, units);
  const counts = stagingCounts(shape);
  const threads = matrixThreads(tile, units);
  const each = lanesPerVector(units);
  const inputStep = (threads / (tile.depth / each)) * layout.inputStride;
  const weightStep = (threads / (tile.columns / each)) * layout.weightStride;
  const lines = [`let in_to = ${at}in_row * ${layout.inputStride}u + in_unit;`];
  for (const i of range(counts.input)) {
    const to = `in_to + ${i * inputStep}u`;
    if (units.parts === 2) {
      lines.push(
        ...[0, 1].flatMap((l) => [
          `let kept_${i}_${l} = kept(in_${i}_${l}, mode);`,
          `peak = max(peak, abs(kept_${i}_${l}));`,
          `let halves_${i}_${l} = halves(kept_${i}_${l}, scale, mode);`,
        ]),
        `stage[${to}] = vec4u(halves_${i}_0.high, halves_${i}_1.high);`,
        `stage[${to} + ${layout.inputPart}u] = vec4u(halves_${i}_0.low, halves_${i}_1.low);`,
      );
    } else {
      const value =
        loads.count === 2
          ? `vec4u(in_${i}_0, in_${i}_1)`
          : loads.type === 'vec4<u32>'
            ? `in_${i}_0`
            : `bitcast<vec4u>(in_${i}_0)`;
      lines.push(`stage[${to}] = ${value};`);
    }
  }
  lines.push(`let w_to = ${at}${layout.weights}u + w_row * ${layout.weightStride}u + w_unit;`);
  for (const part of range(units.parts)) {
    for (const j of range(counts.weights)) {
      lines.push(`stage[w_to + ${part * layout.weightPart + j * weightStep}u] = w_${part * counts.weights + j};`);
    }
  }
  return `{\n${lines.join('\n')}\n}`;
}

/** The products of one staged slice. Small products are added first, and successive ones go to different sums. */
function productCode(shape: MatrixShape, at: string): string {
  const { tile, units } = shape;
  const { left, right } = matrixTypes(shape);
  const layout = stageLayout(tile, units);
  const each = lanesPerVector(units);
  const rows = range(tile.subgroupRows / units.m);
  const columns = range(tile.subgroupColumns / units.n);
  const add = (i: number, j: number, l: string, r: string): string =>
    `sum_${i}_${j} = subgroupMatrixMultiplyAccumulate(${l}, ${r}, sum_${i}_${j});`;
  const lines = [
    `let left_at = ${at}sub_row * ${layout.inputStride}u;`,
    `let right_at = ${at}${layout.weights}u + (sub_column >> ${Math.log2(each)}u);`,
    units.parts === 2 ? `let cross_at = right_at + select(${layout.weightPart}u, 0u, mode == 2u);` : '',
  ];
  for (const s of range(tile.depth / units.k)) {
    const load = (type: string, start: string, offset: number, stride: number): string =>
      `subgroupMatrixLoad<${type}, row_major>(&stage, ${start} + ${offset}u, ${stride}u)`;
    const from = (s * units.k) / each;
    for (const i of rows) {
      const offset = i * units.m * layout.inputStride + from;
      lines.push(`let l_${s}_${i} = ${load(left, 'left_at', offset, layout.inputStride)};`);
      if (units.parts === 2) {
        lines.push(`let ll_${s}_${i} = ${load(left, 'left_at', offset + layout.inputPart, layout.inputStride)};`);
      }
    }
    for (const j of columns) {
      const offset = s * units.k * layout.weightStride + (j * units.n) / each;
      lines.push(`let r_${s}_${j} = ${load(right, 'right_at', offset, layout.weightStride)};`);
      if (units.parts === 2) {
        lines.push(`let rl_${s}_${j} = ${load(right, 'cross_at', offset, layout.weightStride)};`);
        lines.push(...rows.map((i) => add(i, j, `ll_${s}_${i}`, `r_${s}_${j}`)));
        lines.push(...rows.map((i) => add(i, j, `l_${s}_${i}`, `rl_${s}_${j}`)));
      }
      lines.push(...rows.map((i) => add(i, j, `l_${s}_${i}`, `r_${s}_${j}`)));
    }
  }
  return `{\n${lines.filter(Boolean).join('\n')}\n}`;
}
