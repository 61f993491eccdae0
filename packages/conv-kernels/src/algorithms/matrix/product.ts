import { range } from './fetch.js';
import { lanesPerVector, matrixTypes, stageLayout, type MatrixShape } from './shape.js';

/**
 * The products of one staged slice. Successive ones go to different sums. With split operands those of a high and a low
 * half have sums of their own, some 2^11 times smaller, so that adding them costs the large sums no rounding.
 */
export function productCode(shape: MatrixShape): string {
  const { tile, units } = shape;
  const layout = stageLayout(tile, units);
  const steps = range(tile.depth / units.k);
  const work = tile.ahead
    ? [
        loadCode(shape, 0),
        ...steps.flatMap((s) => [s + 1 < steps.length ? loadCode(shape, s + 1) : '', addCode(shape, s)]),
      ]
    : steps.flatMap((s) => [loadCode(shape, s), addCode(shape, s)]);
  return [
    '{',
    `let left_at = sub_row * ${layout.inputStride}u;`,
    `let right_at = sub_column >> ${Math.log2(lanesPerVector(units))}u;`,
    units.parts === 2 ? `let cross_at = right_at + select(${layout.weightPart}u, 0u, mode == 2u);` : '',
    ...work,
    '}',
  ]
    .filter(Boolean)
    .join('\n');
}

/** Loads a subgroup's matrices of one step of K: rows of the input (l, and ll of low halves) and columns of weights (r, rl). */
function loadCode(shape: MatrixShape, step: number): string {
  const { tile, units } = shape;
  const { left, right } = matrixTypes(shape);
  const layout = stageLayout(tile, units);
  const each = lanesPerVector(units);
  const load = (name: string, type: string, start: string, offset: number, stride: number): string =>
    `let ${name} = subgroupMatrixLoad<${type}, row_major>(&stage, ${start} + ${offset}u, ${stride}u);`;
  const rows = range(tile.subgroupRows / units.m).flatMap((i) => {
    const offset = i * units.m * layout.inputStride + (step * units.k) / each;
    const high = load(`l_${step}_${i}`, left, 'left_at', offset, layout.inputStride);
    if (units.parts === 1) return [high];
    return [high, load(`ll_${step}_${i}`, left, 'left_at', offset + layout.inputPart, layout.inputStride)];
  });
  const columns = range(tile.subgroupColumns / units.n).flatMap((j) => {
    const offset = layout.weights + step * units.k * layout.weightStride + (j * units.n) / each;
    const high = load(`r_${step}_${j}`, right, 'right_at', offset, layout.weightStride);
    if (units.parts === 1) return [high];
    return [high, load(`rl_${step}_${j}`, right, 'cross_at', offset, layout.weightStride)];
  });
  return [...rows, ...columns].join('\n');
}

function addCode({ tile, units }: MatrixShape, step: number): string {
  const rows = range(tile.subgroupRows / units.m);
  const add = (sum: string, l: string, r: string): string =>
    `${sum} = subgroupMatrixMultiplyAccumulate(${l}, ${r}, ${sum});`;
  return range(tile.subgroupColumns / units.n)
    .flatMap((j) => {
      const high = rows.map((i) => add(`sum_${i}_${j}`, `l_${step}_${i}`, `r_${step}_${j}`));
      if (units.parts === 1) return high;
      return [
        ...rows.map((i) => add(`small_sum_${i}_${j}`, `ll_${step}_${i}`, `r_${step}_${j}`)),
        ...high,
        ...rows.map((i) => add(`small_sum_${i}_${j}`, `l_${step}_${i}`, `rl_${step}_${j}`)),
      ];
    })
    .join('\n');
}
