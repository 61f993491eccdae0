import type { ImplicitGemm } from '../../implicit.js';
import { addTotals, totals } from './epilogue.js';
import { fetchSetup, fetchSteps, sliceStart, sliceStep, type InputLoads } from './fetch.js';
import { productLoop, spreadProducts } from './product.js';
import { rangeLoop } from './range.js';
import { matrixTypes, sums, type MatrixShape } from './shape.js';
import { stageCode } from './stage.js';

/** The kernel: the sums of a workgroup's share of K, and `finish`, which is what becomes of them. */
export function matrixBody(p: ImplicitGemm, shape: MatrixShape, loads: InputLoads, finish: string): string {
  const { tile, units, splits } = shape;
  const across = tile.columns / tile.subgroupColumns;
  const { sum } = matrixTypes(shape);
  const isSplit = units.parts === 2;
  const names = sums(shape).flatMap(({ name }) => (isSplit ? [name, `small_${name}`] : [name]));
  return [
    splits === 1 ? 'let group = workgroup_id.z;' : 'let group = workgroup_id.z % params.groups;',
    splits === 1 ? 'let split = 0u;' : 'let split = workgroup_id.z / params.groups;',
    `let first_row = workgroup_id.y * ${tile.rows}u;`,
    `let first_column = workgroup_id.x * ${tile.columns}u;`,
    `let sub_row = (subgroup_id / ${across}u) * ${tile.subgroupRows}u;`,
    `let sub_column = (subgroup_id % ${across}u) * ${tile.subgroupColumns}u;`,
    splits === 1 ? 'let first_slice = 0u;' : 'let first_slice = split * params.slices_per_split;',
    splits === 1
      ? 'let last_slice = params.slices;'
      : 'let last_slice = min(first_slice + params.slices_per_split, params.slices);',
    fetchSetup(shape, loads),
    ...names.map((name) => `var ${name} = ${sum}();`),
    isSplit ? splitSums(p, shape, loads) : sliceLoop(p, shape, loads, ''),
    finish,
  ].join('\n');
}

/** Sums whose chains are cut short: the matrices' own round toward zero on some devices, the totals to the nearest. */
function splitSums(p: ImplicitGemm, shape: MatrixShape, loads: InputLoads): string {
  const { sum } = matrixTypes(shape);
  const names = sums(shape).map(({ name }) => name);
  const all = totals(shape);
  const cut = [
    'chain--;',
    'if (chain == 0u) {',
    'chain = params.chain_slices;',
    addTotals(shape, ''),
    ...names.map((name) => `${name} = ${sum}();`),
    '}',
  ].join('\n');
  const turn = [
    ...names.flatMap((name) => [`${name} = ${sum}();`, `small_${name} = ${sum}();`]),
    'var chain = params.chain_slices;',
    sliceLoop(p, shape, loads, cut),
    addTotals(shape, ''),
    addTotals(shape, 'small_'),
  ].join('\n');
  const zero = all.map((name) => `${name} = vec4f(0.0);`).join('\n');
  return [...all.map((name) => `var ${name} = vec4f(0.0);`), rangeLoop(zero, turn)].join('\n');
}

/** All slices: staged through workgroup memory, the next on its way to registers while one is summed. */
function sliceLoop(p: ImplicitGemm, shape: MatrixShape, loads: InputLoads, after: string): string {
  const fetch = fetchSteps(p, shape, loads);
  const block = ['{', ...fetch.first, ...fetch.vectors, '}'].join('\n');
  const products = shape.tile.spread
    ? `if (slice + 1u < last_slice) {\n${sliceStep(shape)}\n}\n${spreadProducts(shape, fetch)}`
    : `if (slice + 1u < last_slice) {\n${sliceStep(shape)}\n${block}\n}\n${productLoop(shape)}`;
  return `{
${sliceStart(shape)}
${block}
for (var slice = first_slice; slice < last_slice; slice++) {
workgroupBarrier();
${stageCode(shape, loads)}
workgroupBarrier();
${products}
${after}
}
}`;
}
