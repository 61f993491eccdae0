import { range, type Fetch } from './fetch.js';
import { lanesPerVector, matrixTypes, stageLayout, type MatrixShape } from './shape.js';

/**
 * The products of one staged slice, in a loop over its steps of K. Successive ones go to different sums. With split operands
 * those of a high and a low half have sums of their own, some 2^11 times smaller, so that adding them costs the large sums no
 * rounding.
 */
export function productLoop(shape: MatrixShape): string {
  const { tile, units } = shape;
  const layout = stageLayout(tile, units);
  const each = stepsPerTurn(shape);
  const left = (each * units.k) / lanesPerVector(units);
  const right = each * units.k * layout.weightStride;
  return [
    `for (var turn = 0u; turn < ${tile.depth / units.k / each}u; turn++) {`,
    ...places(shape, [` + turn * ${left}u`, ` + turn * ${right}u`]),
    ...range(each).flatMap((step) => [loadCode(shape, step), addCode(shape, step)]),
    '}',
  ].join('\n');
}

/** As `productLoop`, all written out, with the loads of the next slice between them in the first half. */
export function spreadProducts(shape: MatrixShape, { first, vectors }: Fetch): string {
  const { tile, units } = shape;
  const steps = tile.depth / units.k;
  const each = Math.ceil(vectors.length / Math.ceil(steps / 2));
  return [
    '{',
    ...places(shape, ['', '']),
    ...first,
    ...range(steps).flatMap((step) => [
      loadCode(shape, step),
      ...vectors.slice(step * each, (step + 1) * each),
      addCode(shape, step),
    ]),
    '}',
  ].join('\n');
}

/** The least products in a turn of `productLoop`: enough for the loads of one to go on behind another. */
const leastProducts = 4;

/** Steps of K that a turn of `productLoop` takes. */
function stepsPerTurn({ tile, units }: MatrixShape): number {
  const products = (tile.subgroupRows / units.m) * (tile.subgroupColumns / units.n) * (units.parts === 2 ? 3 : 1);
  const steps = tile.depth / units.k;
  let each = 1;
  while (each < steps && (steps % each !== 0 || each * products < leastProducts)) each++;
  return each;
}

/** Declares where a subgroup's matrices begin. */
function places({ tile, units }: MatrixShape, [left, right]: readonly [string, string]): string[] {
  const layout = stageLayout(tile, units);
  return [
    `let left_at = sub_row * ${layout.inputStride}u${left};`,
    `let right_at = (sub_column >> ${Math.log2(lanesPerVector(units))}u)${right};`,
    ...(units.parts === 2 ? [`let cross_at = right_at + select(${layout.weightPart}u, 0u, mode == 2u);`] : []),
  ];
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
